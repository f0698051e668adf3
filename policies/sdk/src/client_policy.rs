//! What an author of client policies writes: implementations of [`Condition`] and [`Executor`].

use crate::{Client, Config, ConfigError, ConfigProperty, Event, Host, Outcome, Property, Request, Verdict, Violation};

/// What happens to a client, with what is known of it then.
#[derive(Clone, Copy, Debug)]
pub enum Moment<'a> {
    /// A client is to be registered.
    Register {
        /// As sent.
        proposed: &'a Client,
    },
    /// A registered client is about to be stored.
    Registered {
        /// With everything it will have.
        client: &'a Client,
    },
    /// A client is to be changed.
    Update {
        /// As sent.
        proposed: &'a Client,
        /// As it is.
        stored: &'a Client,
    },
    /// A changed client is about to be stored.
    Updated {
        /// With everything it will have.
        client: &'a Client,
        /// As it was.
        before: &'a Client,
    },
    /// A client is to be shown.
    View {
        /// As it is.
        stored: &'a Client,
    },
    /// A client is to be deleted.
    Unregister {
        /// As it is.
        stored: &'a Client,
    },
}

impl<'a> Moment<'a> {
    /// What the host sent as a moment; absent when a client is missing.
    pub fn new(event: Event, proposed: Option<&'a Client>, stored: Option<&'a Client>) -> Option<Self> {
        Some(match event {
            Event::Register => Self::Register { proposed: proposed? },
            Event::Registered => Self::Registered { client: proposed? },
            Event::Update => Self::Update { proposed: proposed?, stored: stored? },
            Event::Updated => Self::Updated { client: proposed?, before: stored? },
            Event::View => Self::View { stored: stored? },
            Event::Unregister => Self::Unregister { stored: stored? },
        })
    }

    /// The client as it is stored, or is about to be: before the change on update, after it on updated. Absent on
    /// register.
    pub fn client(&self) -> Option<&'a Client> {
        match *self {
            Self::Register { .. } => None,
            Self::Registered { client } | Self::Updated { client, .. } => Some(client),
            Self::Update { stored, .. } | Self::View { stored } | Self::Unregister { stored } => Some(stored),
        }
    }

    /// Whether a client is registered or changed, rather than shown or deleted.
    pub fn is_change(&self) -> bool {
        !matches!(self, Self::View { .. } | Self::Unregister { .. })
    }
}

/// Turns the verdict of a condition around. Every condition offers it unless it says otherwise.
pub(crate) const NEGATIVE_LOGIC: Property = Property {
    label: "Negative Logic",
    help_text: "If On, the result of condition's evaluation is reverted from true to false and vice versa.",
    default_value: Some("false"),
    ..Property::switch("is-negative-logic")
};

/// A kind of condition; a value of it is one condition as an administrator set it up
/// (Keycloak: ClientPolicyConditionProvider and its factory). Nothing is kept from one call to the next.
pub trait Condition: Sized {
    /// Keycloak's id, in kebab-case and unique among the conditions of the server.
    const ID: &'static str;

    /// When it holds, for the administrator who picks it.
    const HELP_TEXT: &'static str;

    /// Whether [`NEGATIVE_LOGIC`] is offered.
    const NEGATABLE: bool = true;

    /// Fields that the verdict depends on, of the client that is sent or about to be stored: the host asks again when an
    /// executor of an earlier policy has changed one (`public-client`, `attributes`). `None`: it may be any.
    const READS: Option<&'static [&'static str]> = None;

    /// The settings, in the order of the form, without [`NEGATIVE_LOGIC`]. Only their `options` may depend on the realm.
    fn properties(_host: &Host) -> Vec<ConfigProperty> {
        Vec::new()
    }

    /// Reads the settings, when they are checked and before each verdict.
    ///
    /// # Errors
    /// What is wrong with a setting. At a verdict the request is refused then.
    fn read(config: &mut Config) -> Result<Self, ConfigError>;

    /// Whether the condition holds. [`Verdict::Abstain`]: it has nothing to say at this moment.
    fn judge(&self, request: &Request, moment: &Moment) -> Verdict;
}

/// A kind of executor; a value of it is one executor as an administrator set it up
/// (Keycloak: ClientPolicyExecutorProvider and its factory). Nothing is kept from one call to the next.
pub trait Executor: Sized {
    /// Keycloak's id, in kebab-case and unique among the executors of the server.
    const ID: &'static str;

    /// What it does, for the administrator who picks it.
    const HELP_TEXT: &'static str;

    /// When it is run. A method that is written and whose event is not named is never called.
    const EVENTS: &'static [Event] = &[Event::Register, Event::Update];

    /// The settings, in the order of the form. Only their `options` may depend on the realm.
    fn properties(_host: &Host) -> Vec<ConfigProperty> {
        Vec::new()
    }

    /// Reads the settings, when they are checked and before each run.
    ///
    /// # Errors
    /// What is wrong with a setting. At a run the request is refused then.
    fn read(config: &mut Config) -> Result<Self, ConfigError>;

    /// Before a client is registered, or changed (`stored`). `proposed` holds what the request names. May amend.
    fn on_request(&self, _request: &Request, _proposed: &Client, _stored: Option<&Client>) -> Outcome {
        Outcome::Pass
    }

    /// Before a client that was registered, or changed (`before`), is stored, with everything it will have. May amend.
    fn on_result(&self, _request: &Request, _client: &Client, _before: Option<&Client>) -> Outcome {
        Outcome::Pass
    }

    /// Before a client is shown.
    fn on_view(&self, _request: &Request, _stored: &Client) -> Outcome {
        Outcome::Pass
    }

    /// Before a client is deleted.
    fn on_unregister(&self, _request: &Request, _stored: &Client) -> Outcome {
        Outcome::Pass
    }
}

impl Verdict {
    /// Yes or no.
    pub const fn of(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }

    /// No for yes and yes for no.
    #[must_use]
    pub const fn negated(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Abstain => Self::Abstain,
        }
    }
}

impl Outcome {
    /// Refuses the request with an error code (RFC 7591 §3.2.2) and a sentence for the caller.
    pub fn refuse(error: &str, message: impl Into<String>) -> Self {
        Self::Refuse(Violation { error: Some(error.into()), ..Violation::new(message) })
    }

    /// Refuses the request because of this value of this field of the client.
    pub fn refuse_value(error: &str, message: &str, field: &str, value: impl Into<String>) -> Self {
        Self::Refuse(Violation { error: Some(error.into()), ..Violation::new(message).at(field, value) })
    }
}
