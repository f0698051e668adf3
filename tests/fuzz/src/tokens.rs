//! Tokens alone: whatever is shown, only what the server signed and what is good now is accepted.
//!
//! A line of an input is a part of a token: `$2` is the part in the same place of the known token 2, `=text` stands for
//! itself, anything else is written in base64url. So that a fuzzer gets past the first check, `$RSA` and `$HMAC` within a
//! line are the names of the server's keys.

use std::path::PathBuf;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use matricula::fuzzing::Tokens;

static KNOWN: LazyLock<Known> = LazyLock::new(Known::start);

/// A server and tokens of it.
struct Known {
    tokens: Tokens,
    /// The good ones, then those that are not good any more or not yet.
    all: Vec<String>,
}

impl Known {
    fn start() -> Known {
        let folder: PathBuf = std::env::temp_dir().join(format!("matricula-fuzz-tokens-{}", std::process::id()));
        // A process may have had this number before.
        let _ = std::fs::remove_dir_all(&folder);
        let data = folder.display().to_string();
        let tokens = Tokens::start(&["--data", &data, "--admin-password", "of the fuzzer"]).expect("a server");
        for good in &tokens.good {
            assert!(tokens.is_accepted(good).expect("an answer"), "{good} is refused");
        }
        let all = tokens.good.iter().chain(&tokens.void).cloned().collect();
        Known { tokens, all }
    }

    /// The token that an input describes.
    fn token(&self, input: &[u8]) -> String {
        let lines = input.split(|byte| *byte == b'\n').enumerate();
        lines.map(|(place, line)| self.part(place, line)).collect::<Vec<_>>().join(".")
    }

    fn part(&self, place: usize, line: &[u8]) -> String {
        match line {
            [b'$', number @ b'0'..=b'9'] => {
                let token = &self.all[usize::from(number - b'0') % self.all.len()];
                token.split('.').nth(place).unwrap_or_default().to_owned()
            }
            [b'=', text @ ..] => String::from_utf8_lossy(text).into_owned(),
            other => match std::str::from_utf8(other) {
                Ok(text) => {
                    let [rsa, hmac] = &self.tokens.kids;
                    URL_SAFE_NO_PAD.encode(text.replace("$RSA", rsa).replace("$HMAC", hmac))
                }
                Err(_) => URL_SAFE_NO_PAD.encode(other),
            },
        }
    }
}

/// One token.
pub(crate) fn run(input: &[u8]) {
    let token = KNOWN.token(input);
    if KNOWN.tokens.is_accepted(&token).expect("an answer") {
        assert!(KNOWN.tokens.good.contains(&token), "a forged token is accepted: {token}");
    } else {
        assert!(!KNOWN.tokens.good.contains(&token), "a good token is refused: {token}");
    }
}
