//! Schemes of apps (RFC 8252 §7.1): which ones clients may have, and which ones nobody ever.

use crate::uri::{WEB, is_scheme};

/// Schemes that browsers or systems act on by themselves: what is behind them is no app's matter.
const NEVER: [&str; 9] = ["javascript", "data", "file", "vbscript", "blob", "about", "ws", "wss", "ftp"];
/// Stands for every scheme with a dot, as it comes from a domain of the app's author.
const ANY_WITH_A_DOT: &str = "*.";

/// The allowed ones.
#[derive(Debug, Default, PartialEq)]
pub struct CustomSchemes {
    any_with_a_dot: bool,
    /// In small letters.
    names: Vec<String>,
}

impl CustomSchemes {
    /// Reads the list.
    ///
    /// # Errors
    /// The entry that can't be one of it, and why.
    pub fn read(entries: Vec<String>) -> Result<Self, String> {
        let mut schemes = Self::default();
        for entry in entries {
            if entry == ANY_WITH_A_DOT {
                schemes.any_with_a_dot = true;
                continue;
            }
            let name = entry.to_ascii_lowercase();
            if NEVER.contains(&name.as_str()) {
                return Err(format!("'{entry}' is never allowed"));
            }
            if WEB.contains(&name.as_str()) {
                return Err(format!("'{entry}' has hosts: it belongs to 'Allowed Schemes'"));
            }
            if !is_scheme(&name) {
                return Err(format!("'{entry}' is no scheme"));
            }
            schemes.names.push(name);
        }
        Ok(schemes)
    }

    /// Whether this scheme, in small letters, is allowed.
    pub fn allow(&self, scheme: &str) -> bool {
        self.names.iter().any(|name| name == scheme) || self.any_with_a_dot && scheme.contains('.')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(entries: &[&str]) -> Result<CustomSchemes, String> {
        CustomSchemes::read(entries.iter().map(|entry| entry.to_string()).collect())
    }

    #[test]
    fn allows_what_is_listed_in_any_case() {
        let schemes = read(&["Cursor", "*."]).unwrap();
        for (scheme, allowed) in [("cursor", true), ("com.example.app", true), ("vscode", false)] {
            assert_eq!(schemes.allow(scheme), allowed, "{scheme}");
        }
        assert!(!CustomSchemes::default().allow("cursor"));
    }

    #[test]
    fn quotes_what_can_not_be_one() {
        for (entry, message) in [
            ("DATA", "'DATA' is never allowed"),
            ("https", "'https' has hosts: it belongs to 'Allowed Schemes'"),
            ("cursor:", "'cursor:' is no scheme"),
            ("*", "'*' is no scheme"),
        ] {
            assert_eq!(read(&["cursor", entry]).unwrap_err(), message);
        }
    }
}
