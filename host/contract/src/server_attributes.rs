//! Attributes of a client that are the server's own: documents show what the server keeps of a client as attributes, and
//! no document sets them (deviation 36).

use crate::Attribute;

/// Why a client waits for an administrator.
pub const HELD: &str = "registration.held";

/// Since when a client hibernates, Unix milliseconds.
pub const HIBERNATED: &str = "life.hibernated";

/// The secret before the one that a client has now, where it is stored: no document shows it.
pub const ROTATED_SECRET: &str = "matricula.secret.rotated";

/// How the names of the server's attributes begin.
const PREFIXES: [&str; 5] = ["registration.", "life.", "cimd.", "matricula.", "software.statement."];
/// Its other ones.
const NAMES: [&str; 1] = ["saml.metadata.expired"];
/// Those that administrators and policies set: where a client goes, and whether its life is watched.
const SETTINGS: [&str; 2] = ["registration.targets", "life.exempt"];

/// Who wrote a document or an amendment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    /// Somebody at the registration endpoints, whatever their rights.
    Caller,
    /// An administrator, or a policy.
    Administrator,
}

/// Whether an attribute is the server's own, so that nothing else sets it.
pub(crate) fn is_state(name: &str) -> bool {
    let is_own = NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    is_own && !SETTINGS.contains(&name)
}

/// Leaves out of a document or an amendment what its author has no say in.
pub fn drop_from(attributes: &mut Vec<Attribute>, author: Author) {
    attributes.retain(|attribute| {
        !is_state(&attribute.name) && (author == Author::Administrator || !SETTINGS.contains(&attribute.name.as_str()))
    });
}

/// What the server keeps of a client among its attributes where it is stored.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Why it waits.
    pub held: Option<String>,
    /// The secret before the one that it has now.
    pub rotated_secret: Option<String>,
}

/// Takes it out.
pub fn take_from(attributes: &mut Vec<Attribute>) -> Kept {
    let mut kept = Kept::default();
    attributes.retain_mut(|attribute| {
        match attribute.name.as_str() {
            HELD => kept.held = Some(std::mem::take(&mut attribute.value)),
            ROTATED_SECRET => kept.rotated_secret = Some(std::mem::take(&mut attribute.value)),
            _ => {}
        }
        !is_state(&attribute.name)
    });
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [&str; 13] = [
        "registration.held",
        "registration.anything",
        "registration.targets",
        "life.hibernated",
        "life.exempt",
        "cimd.etag",
        "matricula.realm",
        "matricula.secret.rotated",
        "software.statement.id",
        "saml.metadata.expired",
        "saml.metadata.expiry",
        "software.statements",
        "Registration.held",
    ];

    fn attributes() -> Vec<Attribute> {
        ALL.map(|name| Attribute { name: name.to_owned(), value: format!("of {name}") }).into()
    }

    fn names(attributes: &[Attribute]) -> Vec<&str> {
        attributes.iter().map(|attribute| attribute.name.as_str()).collect()
    }

    #[test]
    fn nobody_sets_what_the_server_keeps() {
        let free = ["saml.metadata.expiry", "software.statements", "Registration.held"];
        for (author, settings) in [(Author::Caller, &[][..]), (Author::Administrator, &SETTINGS)] {
            let mut attributes = attributes();
            drop_from(&mut attributes, author);
            assert_eq!(names(&attributes), [settings, &free].concat(), "{author:?}");
        }
    }

    #[test]
    fn what_the_server_kept_among_the_attributes_is_taken_out() {
        let mut attributes = attributes();
        let kept = take_from(&mut attributes);
        assert_eq!(kept.held.as_deref(), Some("of registration.held"));
        assert_eq!(kept.rotated_secret.as_deref(), Some("of matricula.secret.rotated"));
        let left =
            ["registration.targets", "life.exempt", "saml.metadata.expiry", "software.statements", "Registration.held"];
        assert_eq!(names(&attributes), left);
        assert_eq!(take_from(&mut attributes), Kept::default());
    }
}
