//! Tags of the documents of clients (RFC 9110 §8.8.3): whoever asks with the tag of what it has is told when that is still
//! right.
//!
//! A tag is made of what the document is made of: the client's state, what of the realm and of the server is shown, and
//! who looks. So it is there before anything is rendered.

use aws_lc_rs::digest::{Context, SHA256};
use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use matricula_contract::Access;
use matricula_network::header_list;
use matricula_realms::Realm;
use matricula_store::clients::ClientRow;
use matricula_wasm::provider::ProviderHandle;

/// Bytes of a tag before it becomes text.
const LENGTH: usize = 18;

/// A client as somebody sees it.
pub(crate) struct View<'a> {
    pub(crate) realm: &'a Realm,
    pub(crate) client: &'a ClientRow,
    /// Names of its roles, where the document may show them.
    pub(crate) roles: &'a [String],
    /// What renders it: another version may do so in another way.
    pub(crate) provider: &'a ProviderHandle,
    /// Address of the realm, which links begin with.
    pub(crate) issuer: &'a str,
    /// What the document says that its reader may do.
    pub(crate) access: Option<Access>,
    /// Secrets are shown.
    pub(crate) secrets: bool,
}

/// The tag of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EntityTag(String);

impl EntityTag {
    /// The tag of the document that this view becomes.
    pub(crate) fn of(view: &View<'_>) -> EntityTag {
        let View { realm, client, roles, provider, issuer, access, secrets } = view;
        let mut context = Context::new(&SHA256);
        // Each with its length, so that no two lists look the same.
        let mut add = |bytes: &[u8]| {
            context.update(&bytes.len().to_le_bytes());
            context.update(bytes);
        };
        add(&realm.shown);
        add(client.id.as_bytes());
        add(&client.generation.to_le_bytes());
        // Nodes of releases before count no generations.
        add(&client.version.to_le_bytes());
        add(provider.component.digest.as_bytes());
        add(provider.description.id.as_bytes());
        add(issuer.as_bytes());
        let access = access.map(|access| [access.view, access.configure, access.manage].map(u8::from));
        add(access.as_ref().map_or(&[][..], |access| access));
        add(&[u8::from(*secrets)]);
        roles.iter().for_each(|role| add(role.as_bytes()));
        let digest = context.finish();
        EntityTag(format!("\"{}\"", URL_SAFE_NO_PAD.encode(&digest.as_ref()[..LENGTH])))
    }

    /// Whether a request says that it has this document (RFC 9110 §13.1.2).
    pub(crate) fn is_known(&self, headers: &HeaderMap) -> bool {
        header_list::members(headers, &header::IF_NONE_MATCH)
            .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == self.0)
    }

    /// Adds the tag to an answer.
    pub(crate) fn mark(&self, headers: &mut HeaderMap) {
        if let Ok(tag) = HeaderValue::from_str(&self.0) {
            headers.insert(header::ETAG, tag);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_names_what_it_has() {
        let tag = EntityTag("\"abc\"".to_owned());
        for (lines, known) in [
            (&["\"abc\""][..], true),
            (&["W/\"abc\""], true),
            (&["\"x\", \"abc\""], true),
            (&["\"x\"", "\"abc\""], true),
            (&["*"], true),
            (&["\"x,\\\"abc\\\"\""], false),
            (&["abc"], false),
            (&["\"ABC\""], false),
            (&[""], false),
            (&[], false),
        ] {
            let lines = lines.iter().map(|line| (header::IF_NONE_MATCH, HeaderValue::from_static(line)));
            let mut headers = HeaderMap::new();
            lines.for_each(|(name, line)| {
                headers.append(name, line);
            });
            assert_eq!(tag.is_known(&headers), known, "{headers:?}");
        }
        let mut answer = HeaderMap::new();
        tag.mark(&mut answer);
        assert_eq!(answer.get(header::ETAG), Some(&HeaderValue::from_static("\"abc\"")));
    }
}
