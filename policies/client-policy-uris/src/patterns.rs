//! `secure-client-uris-pattern`: every address matches one of the realm's regular expressions.
//!
//! They are read by `regex-lite`: what Java knows beyond that (look-around, back references) is no pattern here, and
//! matching takes time in proportion to the text.

use regex_lite::Regex;

use matricula_policy_sdk::{Client, Config, ConfigError, ConfigProperty, Executor, Host, Outcome, Property, Request};

use super::addresses::{self, FIELDS};

/// A regular expression. Most are plain addresses, with a dot here and there and `.*` at the end: these are compared
/// letter by letter, many times faster than an expression is read and run.
pub enum Pattern {
    /// Letters one after the other.
    Letters {
        /// In their order.
        letters: Vec<Letter>,
        /// Anything may follow (`.*`).
        open: bool,
    },
    /// Anything else; matches a text as a whole.
    Expression(Regex),
}

/// What stands for one character.
pub enum Letter {
    /// This one.
    Exactly(char),
    /// Any but the end of a line (`.`).
    Any,
}

/// Reads a pattern; absent when it is none.
pub fn pattern(text: &str) -> Option<Pattern> {
    letters(text).or_else(|| Regex::new(&format!("^(?:{text})$")).ok().map(Pattern::Expression))
}

/// A pattern that needs no expression.
fn letters(text: &str) -> Option<Pattern> {
    let (start, open) = match text.strip_suffix(".*") {
        // An escaped dot, repeated.
        Some(start) if start.ends_with('\\') => return None,
        Some(start) => (start, true),
        None => (text, false),
    };
    let mut letters = Vec::with_capacity(start.len());
    let mut rest = start.chars();
    while let Some(letter) = rest.next() {
        letters.push(match letter {
            '.' => Letter::Any,
            // Before a letter or a digit it is a class or a reference.
            '\\' => Letter::Exactly(rest.next().filter(char::is_ascii_punctuation)?),
            '+' | '*' | '?' | '(' | ')' | '|' | '[' | ']' | '{' | '}' | '^' | '$' => return None,
            other => Letter::Exactly(other),
        });
    }
    Some(Pattern::Letters { letters, open })
}

impl Pattern {
    /// Whether it matches all of a text.
    pub fn is_match(&self, text: &str) -> bool {
        match self {
            Pattern::Letters { letters, open } => {
                let mut rest = text.chars();
                let begins = letters.iter().all(|letter| match (letter, rest.next()) {
                    (Letter::Exactly(expected), Some(found)) => *expected == found,
                    (Letter::Any, Some(found)) => found != '\n',
                    (_, None) => false,
                });
                begins && if *open { !rest.as_str().contains('\n') } else { rest.as_str().is_empty() }
            }
            Pattern::Expression(expression) => expression.is_match(text),
        }
    }
}

/// Refuses addresses that match none.
pub struct SecureClientUrisPattern {
    patterns: Vec<Pattern>,
    fields: Vec<String>,
}

const PATTERNS: Property = Property {
    label: "Allowed URI Patterns",
    help_text: "A client URI is considered valid ONLY if it matches at least one of these regex patterns. If no valid patterns are configured, validation will fail for any URI.",
    ..Property::list("allowed-patterns")
};

const CHOSEN: Property = Property {
    label: "Client URI Fields to validate",
    help_text: "Select the specific client URI fields to validate. If no fields are selected, ALL known URI fields listed above will be validated by default.",
    ..Property::choices("client-uri-fields")
};

impl Executor for SecureClientUrisPattern {
    const ID: &'static str = "secure-client-uris-pattern";
    const HELP_TEXT: &'static str = "Enforces security policies on client URIs by validating them against regex patterns. If a URI does not match any configured pattern, the request is rejected.";

    fn properties(_: &Host) -> Vec<ConfigProperty> {
        let titles = FIELDS.iter().map(|field| field.title.to_owned()).collect();
        vec![PATTERNS.form(Vec::new()), CHOSEN.form(titles)]
    }

    fn read(config: &mut Config) -> Result<Self, ConfigError> {
        // As in Keycloak, what is no pattern matches nothing.
        let patterns = config.list(&PATTERNS).iter().filter_map(|text| pattern(text)).collect();
        Ok(Self { patterns, fields: config.list(&CHOSEN) })
    }

    fn on_request(&self, _: &Request, proposed: &Client, _: Option<&Client>) -> Outcome {
        let is_chosen = |title: &str| self.fields.is_empty() || self.fields.iter().any(|chosen| chosen == title);
        let matches = |address: &str| self.patterns.iter().any(|pattern| pattern.is_match(address));
        for field in FIELDS.iter().filter(|field| is_chosen(field.title)) {
            if let Some(address) = addresses::of(proposed, field).into_iter().find(|address| !matches(address)) {
                let why = if self.patterns.is_empty() { ": No valid allowed patterns configured" } else { "" };
                let message = format!("Invalid {}{why}", field.title);
                return Outcome::refuse_value("invalid_client_metadata", &message, field.name, address);
            }
        }
        Outcome::Pass
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use matricula_policy_sdk::Context;

    #[test]
    fn matches_a_text_as_a_whole() {
        for (text, address, matched) in [
            ("https://a.example/.*", "https://a.example/cb", true),
            ("https://a.example/", "https://a.example/cb", false),
            ("a|b", "ab", false),
            ("a|b", "b", true),
            ("localhost", "localhost", true),
            ("localhost", "localhost2", false),
            (r"https://a\.example/.*", "https://a.example/", true),
            (r"https://a\.example/.*", "https://a-example/", false),
            (r"https://a\.example/cb\?.*", "https://a.example/cb?x=1", true),
            ("https://a.example/.", "https://a-example/é", true),
            (r"a\.*", "a...", true),
            (r"a\d", "a1", true),
            ("a.*b", "a--b", true),
            ("a.*", "a\n", false),
        ] {
            assert_eq!(pattern(text).unwrap().is_match(address), matched, "{text} {address}");
            let expression = Regex::new(&format!("^(?:{text})$")).unwrap();
            assert_eq!(expression.is_match(address), matched, "{text} {address} as an expression");
        }
        assert!(pattern("(").is_none());
    }

    #[test]
    fn judges_the_chosen_fields_or_all() {
        let proposed = Client {
            base_url: Some("https://a.example/".into()),
            redirect_uris: Some(vec!["https://b.example/cb".into()]),
            ..Client::default()
        };
        for (patterns, fields, passes) in [
            (&["https://[ab].example/.*"][..], &[][..], true),
            (&["https://a.example/.*"], &[], false),
            (&["https://a.example/.*", "https://b.*"], &[], true),
            (&["https://a.example/.*"], &["baseUrl", "no-such-field"], true),
            (&["https://a.example/.*"], &["redirectUris"], false),
            (&["(", "https://.*"], &[], true),
            (&["("], &[], false),
            (&[], &["tosUri"], true),
            (&[], &[], false),
        ] {
            let mut config = Config::default().with("allowed-patterns", patterns).with("client-uri-fields", fields);
            let executor = SecureClientUrisPattern::read(&mut config).unwrap();
            let request = Request { context: &Context::default(), host: &Host::default() };
            let outcome = executor.on_request(&request, &proposed, None);
            assert_eq!(outcome == Outcome::Pass, passes, "{patterns:?} {fields:?}");
        }
    }
}
