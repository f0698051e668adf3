//! A list of scopes, in which `*` at the end stands for any rest.

/// Says that a request is one of OpenID Connect; no client is given it, so none can be refused it.
const OPENID: &str = "openid";

/// The list.
#[derive(Debug, Default, PartialEq)]
pub struct Scopes(Vec<String>);

impl Scopes {
    /// Reads the list.
    ///
    /// # Errors
    /// The entry that can be no scope (RFC 6749 §3.3).
    pub fn read(entries: Vec<String>) -> Result<Self, String> {
        match entries.iter().find(|entry| entry.contains(|c: char| c.is_whitespace() || c.is_control())) {
            Some(entry) => Err(entry.clone()),
            None => Ok(Self(entries)),
        }
    }

    /// Whether a scope is on the list.
    pub fn allow(&self, scope: &str) -> bool {
        let is_it = |entry: &String| match entry.strip_suffix('*') {
            Some(beginning) => scope.starts_with(beginning),
            None => entry == scope,
        };
        scope == OPENID || self.0.iter().any(is_it)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allows_names_and_beginnings() {
        let scopes = Scopes::read(vec!["phone".into(), "files:*".into()]).unwrap();
        for (scope, allowed) in [
            ("phone", true),
            ("openid", true),
            ("files:write", true),
            ("files:", true),
            ("phones", false),
            ("Phone", false),
            ("file", false),
            ("", false),
        ] {
            assert_eq!(scopes.allow(scope), allowed, "{scope}");
        }
        assert!(Scopes::read(vec!["*".into()]).unwrap().allow("anything"));
    }
}
