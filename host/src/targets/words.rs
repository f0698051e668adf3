//! Texts of targets and connectors, before anybody reads them: without our credentials and secrets, and not too long.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use matricula_contract::connectors::{Finished, ForeignClient, Loss, Task};
use matricula_contract::secrets::MASK;
use matricula_contract::{Attribute, Client, Violation};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::task::{Ended, Failed};
use matricula_target::credentials::Credentials;
use matricula_target::standard_webhooks::SigningSecret;

/// Characters of a text that are kept.
const LENGTH: usize = 500;
/// Attributes of a client that are as secret as its secret.
const PRIVATE_KEYS: [&str; 2] = ["saml.signing.private.key", "saml.encryption.private.key"];

/// What is secret in a task, in every form in which a target may repeat it.
pub(crate) struct Words {
    /// The longest first: one may be a part of another.
    secrets: Vec<String>,
}

impl Words {
    /// What the credentials and the task's client hold.
    pub(super) fn new(credentials: &Credentials, task: &Task) -> Words {
        let mut words = Words { secrets: Vec::new() };
        match credentials {
            Credentials::None => {}
            Credentials::Bearer { token } => words.hide(token.reveal()),
            Credentials::Basic { user, password } => {
                words.hide(password.reveal());
                words.hide(&STANDARD.encode(format!("{user}:{}", password.reveal())));
            }
            Credentials::ClientCredentials { client_secret, .. } => words.hide(client_secret.reveal()),
            Credentials::StandardWebhooks { secrets } => {
                secrets.iter().map(SigningSecret::reveal).for_each(|secret| words.hide(secret));
            }
        }
        if let Task::Put(put) = task {
            words.hide_client(&put.client);
        }
        words
    }

    fn hide_client(&mut self, client: &Client) {
        client.secret.iter().for_each(|secret| self.hide(secret));
        let keys = client.attributes.iter().filter(|attribute| PRIVATE_KEYS.contains(&attribute.name.as_str()));
        keys.for_each(|key| self.hide(&key.value));
    }

    /// One more secret: a token that was issued meanwhile.
    pub(super) fn hide(&mut self, secret: &str) {
        if secret.is_empty() {
            return;
        }
        let json = serde_json::Value::from(secret).to_string();
        let json = json.trim_start_matches('"').trim_end_matches('"').to_owned();
        let encoded = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
        for form in [secret.to_owned(), json, encoded] {
            if !self.secrets.contains(&form) {
                self.secrets.push(form);
            }
        }
        self.secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    }

    fn masked(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret, MASK))
    }

    /// A text that may be shown.
    pub(super) fn clean(&self, text: &str) -> String {
        // A secret must not be cut in two: first it is hidden.
        self.masked(text).chars().take(LENGTH).collect()
    }

    fn clean_all<'a>(&self, texts: impl IntoIterator<Item = &'a mut String>) {
        texts.into_iter().for_each(|text| *text = self.clean(text));
    }

    /// An end whose texts may be shown.
    pub(super) fn clean_end(&self, ended: Ended) -> Ended {
        match ended {
            Ended::Finished(finished) => Ended::Finished(self.clean_finished(finished)),
            Ended::Ready(text) => Ended::Ready(text.map(|text| self.clean(&text))),
            Ended::Refused(violation) => Ended::Refused(self.clean_violation(violation)),
            Ended::Gone(text) => Ended::Gone(self.clean(&text)),
            Ended::Foreign(mut foreign) => {
                self.hide_in(&mut foreign.shown);
                let ForeignClient { key, .. } = &mut foreign;
                self.clean_all(key);
                Ended::Foreign(foreign)
            }
            Ended::Failed(failed) => {
                let message = self.clean(&failed.message);
                Ended::Failed(Failed { message, ..failed })
            }
            Ended::Missing | Ended::Page(_) => ended,
        }
    }

    fn clean_finished(&self, mut finished: Finished) -> Finished {
        self.hide_in(&mut finished.shown);
        self.clean_all(&mut finished.key);
        finished.losses.iter_mut().for_each(|loss| self.clean_loss(loss));
        finished
    }

    fn clean_violation(&self, mut violation: Violation) -> Violation {
        self.clean_all([&mut violation.message].into_iter().chain(&mut violation.value).chain(&mut violation.hint));
        violation
    }

    fn clean_loss(&self, loss: &mut Loss) {
        self.clean_all([&mut loss.message].into_iter().chain(&mut loss.value).chain(&mut loss.becomes));
    }

    /// Fields are compared: they keep their length.
    fn hide_in(&self, shown: &mut [Attribute]) {
        shown.iter_mut().for_each(|field| field.value = self.masked(&field.value));
    }
}

/// A client for those who need no secrets of it.
pub(super) fn without_secrets(client: &Client) -> Client {
    let mut client = client.clone();
    client.secret = None;
    client.attributes.retain(|attribute| !PRIVATE_KEYS.contains(&attribute.name.as_str()));
    client
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics fails")]
mod tests {
    use super::*;
    use matricula_contract::connectors::PutTask;

    fn words(secret: &str) -> Words {
        let client: Client = serde_json::from_value(serde_json::json!({
            "secret": secret,
            "attributes": [{ "name": "saml.signing.private.key", "value": "MIIkey" }],
        }))
        .unwrap();
        let put = PutTask { client, generation: 1, known: None, adopt: false };
        let basic = Credentials::Basic { user: "u".to_owned(), password: "p:w".to_owned().into() };
        Words::new(&basic, &Task::Put(put))
    }

    #[test]
    fn secrets_are_hidden_in_every_form() {
        let words = words("a\"b c");
        for (text, shown) in [
            ("sent a\"b c twice", "sent ********** twice"),
            (r#"{"secret":"a\"b c"}"#, r#"{"secret":"**********"}"#),
            ("?secret=a%22b%20c&", "?secret=**********&"),
            ("no p:w here", "no ********** here"),
            ("Basic dTpwOnc=", "Basic **********"),
            ("key MIIkey", "key **********"),
            ("nothing", "nothing"),
        ] {
            assert_eq!(words.clean(text), shown, "{text}");
        }
    }

    #[test]
    fn a_secret_at_the_cut_is_hidden_first() {
        let text = format!("{}secret", "x".repeat(LENGTH - 3));
        let shown = words("secret").clean(&text);
        assert_eq!(shown, format!("{}***", "x".repeat(LENGTH - 3)));
    }
}
