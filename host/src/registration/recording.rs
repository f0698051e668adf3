//! Registrations as they are kept for replays: what was asked and by whom, without secrets.

use matricula_contract::{Client, Context};
use matricula_store::StoreError;
use matricula_store::policies::Policy;
use serde::{Deserialize, Serialize};

use crate::policies::hide;

/// The first byte: the form of the rest (postcard).
const VERSION: u8 = 1;

/// A registration before any policy has seen it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Recorded {
    /// Who asked for what.
    pub(crate) context: Context,
    /// Address of the server as the caller saw it.
    pub(crate) base_url: String,
    /// The client as sent, without its secret.
    pub(crate) requested: Client,
    /// Policies of the initial access token.
    pub(crate) token_policies: Vec<Policy>,
}

/// The same by reference, to be written.
#[derive(Serialize)]
struct Recording<'a> {
    context: &'a Context,
    base_url: &'a str,
    requested: &'a Client,
    token_policies: Vec<&'a Policy>,
}

/// The bytes of a registration.
pub(crate) fn encode(
    context: &Context,
    base_url: &str,
    requested: &mut Client,
    token_policies: Vec<&Policy>,
) -> Option<Vec<u8>> {
    let hidden = hide(requested);
    let recording = Recording { context, base_url, requested, token_policies };
    let bytes = postcard::to_extend(&recording, vec![VERSION]);
    hidden.reveal(requested);
    // Without a recording there is one decision less to replay.
    bytes.inspect_err(|error| tracing::warn!(%error, "a registration could not be recorded")).ok()
}

/// The registration of these bytes.
///
/// # Errors
/// [`StoreError::Damaged`] when they are of another form.
pub(crate) fn decode(bytes: &[u8]) -> Result<Recorded, StoreError> {
    match bytes.split_first() {
        Some((&VERSION, rest)) => postcard::from_bytes(rest).map_err(|error| StoreError::Damaged(error.to_string())),
        _ => Err(StoreError::Damaged("recorded registration of another form".to_owned())),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics fails")]
mod tests {
    use super::*;
    use matricula_contract::{Attribute, Caller, CallerKind, Operation, RegistrationAuth};

    #[test]
    fn secrets_are_not_recorded_and_stay_where_they_were() {
        let context = Context {
            realm: "shop".to_owned(),
            provider: "default".to_owned(),
            operation: Operation::Register,
            caller: Caller {
                kind: CallerKind::Anonymous,
                subject: None,
                token_id: None,
                roles: Vec::new(),
                groups: Vec::new(),
                address: "203.0.113.9".to_owned(),
                origin: None,
            },
            registration_auth: RegistrationAuth::Anonymous,
            now: 1,
            attributes: Vec::new(),
        };
        let empty: Client = serde_json::from_str(r#"{"attributes": []}"#).unwrap();
        let key = Attribute { name: "saml.signing.private.key".to_owned(), value: "k3y".to_owned() };
        let mut requested = Client { secret: Some("s3cret".to_owned()), attributes: vec![key], ..empty.clone() };
        let sent = requested.clone();
        let bytes = encode(&context, "http://localhost", &mut requested, Vec::new()).unwrap();
        assert_eq!(requested, sent);
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("s3cret") && !text.contains("k3y"));
        let recorded = decode(&bytes).unwrap();
        assert_eq!((recorded.context, recorded.requested), (context, empty));
        assert!(decode(&bytes[1..]).is_err());
    }
}
