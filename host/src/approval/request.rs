//! What a document of a registration says about waiting for an approval: that its sender would, or that it is a question
//! about one that waits already.

use matricula_contract::Document;
use serde::Deserialize;
use serde_json::Value;

use super::poll::Poll;
use super::{APPROVAL, PROVIDER};
use crate::error::ErrorResponse;
use axum::http::StatusCode;

/// The members that are not metadata of the client. `null` is as good as absent.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    registration_mode: Option<Value>,
    registration_code: Option<Value>,
    cancel_registration: Option<Value>,
}

impl Asked {
    /// Reads a document for this provider. Of what is no JSON the provider says so.
    pub(crate) fn of(provider: &str, document: &Document) -> Asked {
        if provider != PROVIDER {
            return Asked::default();
        }
        serde_json::from_slice(&document.body).unwrap_or_default()
    }

    /// The question about a registration that waits, if it is one.
    pub(crate) fn poll(&self) -> Option<Result<Poll, ErrorResponse>> {
        let refused =
            |description: &str| Err(ErrorResponse::new(StatusCode::BAD_REQUEST, "invalid_request", description));
        let code = self.registration_code.as_ref()?;
        let Value::String(code) = code else { return Some(refused("registration_code must be a text")) };
        Some(match &self.cancel_registration {
            None => Ok(Poll { code: code.clone(), cancel: false }),
            Some(Value::Bool(cancel)) => Ok(Poll { code: code.clone(), cancel: *cancel }),
            Some(_) => refused("cancel_registration must be true or false"),
        })
    }

    /// Whether the sender of a registration is ready to wait. Modes that nobody knows mean nothing.
    ///
    /// # Errors
    /// 400 when the member is no list of texts.
    pub(crate) fn wants_approval(&self) -> Result<bool, ErrorResponse> {
        let refused = || ErrorResponse::invalid_client_metadata("registration_mode must be a list of texts");
        match &self.registration_mode {
            None => Ok(false),
            Some(Value::Array(modes)) if modes.iter().all(Value::is_string) => {
                Ok(modes.iter().any(|mode| mode == APPROVAL))
            }
            Some(_) => Err(refused()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics fails")]
mod tests {
    use super::*;

    fn asked(body: &str) -> Asked {
        let document = Document { content_type: "application/json".to_owned(), body: body.as_bytes().to_vec() };
        Asked::of(PROVIDER, &document)
    }

    #[test]
    fn a_mode_is_asked_for_by_a_list_of_texts() {
        for (body, expected) in [
            ("{}", Some(false)),
            (r#"{"registration_mode":null}"#, Some(false)),
            (r#"{"registration_mode":[]}"#, Some(false)),
            (r#"{"registration_mode":["immediate"]}"#, Some(false)),
            (r#"{"registration_mode":["future","approval"],"redirect_uris":[{}]}"#, Some(true)),
            (r#"{"registration_mode":"approval"}"#, None),
            (r#"{"registration_mode":["approval",1]}"#, None),
            ("no JSON", Some(false)),
        ] {
            assert_eq!(asked(body).wants_approval().ok(), expected, "{body}");
        }
    }

    #[test]
    fn a_document_with_a_code_is_a_question() {
        assert!(asked(r#"{"redirect_uris":[]}"#).poll().is_none());
        assert!(asked(r#"{"registration_code":null}"#).poll().is_none());
        for (body, cancel) in [
            (r#"{"registration_code":"a","redirect_uris":1}"#, false),
            (r#"{"registration_code":"a","cancel_registration":false}"#, false),
            (r#"{"registration_code":"a","cancel_registration":true}"#, true),
        ] {
            let poll = asked(body).poll().unwrap().unwrap();
            assert_eq!((poll.code.as_str(), poll.cancel), ("a", cancel), "{body}");
        }
        for body in [r#"{"registration_code":1}"#, r#"{"registration_code":"a","cancel_registration":"yes"}"#] {
            assert_eq!(asked(body).poll().unwrap().unwrap_err().status(), 400, "{body}");
        }
    }

    #[test]
    fn other_providers_have_no_words_for_it() {
        let body = br#"{"registration_code":"a"}"#.to_vec();
        let document = Document { content_type: "application/json".to_owned(), body };
        assert!(Asked::of("default", &document).poll().is_none());
    }
}
