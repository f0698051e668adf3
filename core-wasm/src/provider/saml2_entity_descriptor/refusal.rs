//! Why a document is refused, and how the caller is told. Used by all files of the provider.

use super::xml::Fault;
use crate::contract::matricula::registration::decision::Violation;
use crate::violation::refused;

/// Why no client is made of a document.
#[derive(Debug, PartialEq)]
pub(super) enum Refusal {
    /// It cannot be read, or is no metadata.
    Unreadable(Fault),
    /// It lists no entity, or several.
    NotOneEntity,
    /// The entity is no service provider.
    NoServiceProvider,
    /// It can be read, but not be made a client. Keycloak answers 500.
    Unusable(Fault),
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Refusal::Unreadable(fault)
    }
}

impl Refusal {
    /// The answer to whoever sent this document. Two texts are Keycloak's own and stand alone, as there.
    pub(super) fn into_violation(self, document: &str) -> Violation {
        match self {
            Refusal::Unreadable(fault) => refused("HTTP 400 Bad Request", fault.describe(document)),
            Refusal::NotOneEntity => refused("Expected one entity descriptor", String::new()),
            Refusal::NoServiceProvider => {
                refused("No SPSSODescriptorType defined in the entity descriptor file", String::new())
            }
            Refusal::Unusable(fault) => refused("invalid_client_metadata", fault.describe(document)),
        }
    }
}

impl Fault {
    fn describe(&self, document: &str) -> String {
        let before = document.as_bytes().get(..self.at).unwrap_or(document.as_bytes());
        format!("line {}: {}", 1 + before.iter().filter(|byte| **byte == b'\n').count(), self.problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_told_by_line() {
        let fault = |at| Refusal::Unreadable(Fault { at, problem: "a has no b".into() });
        for (at, line) in [(0, "line 1: "), (2, "line 1: "), (3, "line 2: "), (6, "line 3: "), (99, "line 3: ")] {
            let violation = fault(at).into_violation("<a\n/>\n");
            assert_eq!(violation.error.as_deref(), Some("HTTP 400 Bad Request"));
            assert_eq!(violation.message, format!("{line}a has no b"));
        }
    }
}
