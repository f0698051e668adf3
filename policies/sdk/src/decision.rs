//! Short ways to make a decision or a violation; the types are the contract's.

use crate::{Client, Decision, Violation};

impl Decision {
    /// No objection.
    pub const fn accept() -> Self {
        Self::Accept(Vec::new())
    }

    /// Refuses the request for one reason, which the caller is told.
    pub fn refuse(message: impl Into<String>) -> Self {
        Self::Reject(vec![Violation::new(message)])
    }

    /// Refuses the request if there are objections.
    pub fn objections(violations: Vec<Violation>) -> Self {
        if violations.is_empty() { Self::accept() } else { Self::Reject(violations) }
    }

    /// No objection, but change these fields: the present ones replace. In `after_register` and `after_update`;
    /// of contract 0.2.0 also in `before_register` and `before_update`, where it changes the request.
    pub const fn amend(fields: Client) -> Self {
        Self::Amend(fields)
    }
}

impl Violation {
    /// Something that is wrong; the message is for the caller.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    /// The field at fault, as the contract spells it (`redirect-uris`, or `attributes.` and a name), and its
    /// offending value.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>, value: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self.value = Some(value.into());
        self
    }

    /// The error code, one of RFC 7591 §3.2.2: a request refused for it is answered 400 where the component is of contract
    /// 0.2.0.
    #[must_use]
    pub fn error(mut self, code: impl Into<String>) -> Self {
        self.error = Some(code.into());
        self
    }

    /// For the operator, in log and decision record: why, and which setting allows it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
