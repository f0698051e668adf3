//! Grant types and response types ⇄ the flows a client may use (RFC 7591 §2.1; Keycloak: OIDCResponseType).

/// Grant of the device flow (RFC 8628).
const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// Grant of Client-Initiated Backchannel Authentication.
const CIBA: &str = "urn:openid:params:grant-type:ciba";
/// Grant of a resource server that lets users share (UMA 2.0).
pub(super) const UMA: &str = "urn:ietf:params:oauth:grant-type:uma-ticket";
/// Grant that exchanges a token for another (RFC 8693). Not for public clients.
pub(super) const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// Grant that exchanges a signed assertion (RFC 7523). Not for public clients.
pub(super) const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Grant types that are kept in an attribute of the client, which is `true` or `false`.
pub(super) const ATTRIBUTES: [(&str, &str); 5] = [
    ("refresh_token", "use.refresh.tokens"),
    (DEVICE, "oauth2.device.authorization.grant.enabled"),
    (CIBA, "oidc.ciba.grant.enabled"),
    (TOKEN_EXCHANGE, "standard.token.exchange.enabled"),
    (JWT_BEARER, "oauth2.jwt.authorization.grant.enabled"),
];

/// The two flows that go through the browser.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Flows {
    /// `authorization_code`.
    pub(super) standard: bool,
    /// `implicit`.
    pub(super) implicit: bool,
}

/// What a client may do, as far as its grant types tell.
#[derive(Clone, Copy, Default)]
pub(super) struct Grants {
    pub(super) flows: Flows,
    pub(super) password: bool,
    pub(super) client_credentials: bool,
    pub(super) refresh_token: bool,
    pub(super) device: bool,
    pub(super) ciba: bool,
    pub(super) uma: bool,
    pub(super) token_exchange: bool,
    pub(super) jwt_bearer: bool,
}

/// Whether this grant type is among those sent. None of them are when the member is absent.
pub(super) fn has(grant_types: Option<&[String]>, grant: &str) -> bool {
    grant_types.is_some_and(|grants| grants.iter().any(|named| named == grant))
}

/// The flows that a document asks for. Response types win over grant types, which win over the default `code`.
///
/// # Errors
/// The response type that is unknown.
pub(super) fn flows<'a>(
    response_types: Option<&'a [String]>,
    grant_types: Option<&[String]>,
) -> Result<Flows, &'a String> {
    if let Some(entries) = response_types.filter(|entries| !entries.is_empty()) {
        let mut flows = Flows::default();
        for entry in entries {
            let of_entry = of_response_type(entry).ok_or(entry)?;
            flows.standard |= of_entry.standard;
            flows.implicit |= of_entry.implicit;
        }
        return Ok(flows);
    }
    Ok(match grant_types {
        None | Some([]) => Flows { standard: true, implicit: false },
        Some(_) => Flows { standard: has(grant_types, "authorization_code"), implicit: has(grant_types, "implicit") },
    })
}

/// The flows behind one response type: words with single spaces between, where `none` stands alone.
fn of_response_type(entry: &str) -> Option<Flows> {
    let entry = entry.trim_matches(|character| character <= ' ');
    if entry == "none" {
        return Some(Flows { standard: true, implicit: false });
    }
    let mut flows = Flows::default();
    for word in entry.split(' ') {
        match word {
            "code" => flows.standard = true,
            "token" | "id_token" => flows.implicit = true,
            _ => return None,
        }
    }
    Some(flows)
}

impl Flows {
    /// The response types that these flows give, as the answer lists them.
    pub(super) fn response_types(self) -> &'static [&'static str] {
        const ALL: [&str; 7] =
            ["code", "none", "id_token", "id_token token", "code id_token", "code token", "code id_token token"];
        match (self.standard, self.implicit) {
            (true, true) => &ALL,
            (true, false) => &ALL[..2],
            (false, true) => &ALL[2..4],
            (false, false) => &[],
        }
    }
}

impl Grants {
    /// The grant types, as the answer lists them.
    pub(super) fn grant_types(self) -> impl Iterator<Item = &'static str> {
        [
            (self.flows.standard, "authorization_code"),
            (self.flows.implicit, "implicit"),
            (self.password, "password"),
            (self.client_credentials, "client_credentials"),
            (self.device, DEVICE),
            (self.ciba, CIBA),
            (self.uma, UMA),
            (self.refresh_token, "refresh_token"),
            (self.token_exchange, TOKEN_EXCHANGE),
            (self.jwt_bearer, JWT_BEARER),
        ]
        .into_iter()
        .filter_map(|(granted, name)| granted.then_some(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: Flows = Flows { standard: true, implicit: false };
    const IMPLICIT: Flows = Flows { standard: false, implicit: true };
    const HYBRID: Flows = Flows { standard: true, implicit: true };
    const NONE: Flows = Flows { standard: false, implicit: false };

    fn texts(list: &[&str]) -> Vec<String> {
        list.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn response_types_win_over_grant_types() {
        type Case = (Option<&'static [&'static str]>, Option<&'static [&'static str]>, Flows);
        let cases: [Case; 16] = [
            (None, None, CODE),
            (Some(&[]), None, CODE),
            (Some(&["code"]), None, CODE),
            (Some(&["none"]), None, CODE),
            (Some(&[" code "]), None, CODE),
            (Some(&["token"]), None, IMPLICIT),
            (Some(&["id_token token"]), None, IMPLICIT),
            (Some(&["code id_token"]), None, HYBRID),
            (Some(&["code token", "none"]), None, HYBRID),
            (Some(&["code"]), Some(&["implicit"]), CODE),
            (Some(&["id_token"]), Some(&["authorization_code"]), IMPLICIT),
            (None, Some(&[]), CODE),
            (None, Some(&["authorization_code", "implicit"]), HYBRID),
            (None, Some(&["client_credentials"]), NONE),
            (None, Some(&["no-such-grant"]), NONE),
            (Some(&[]), Some(&["implicit"]), IMPLICIT),
        ];
        for (response_types, grant_types, expected) in cases {
            let (responses, grants) = (response_types.map(texts), grant_types.map(texts));
            assert_eq!(flows(responses.as_deref(), grants.as_deref()), Ok(expected), "{responses:?} {grants:?}");
        }
    }

    #[test]
    fn refuses_words_that_are_no_response_type() {
        for entry in ["magic", "", "CODE", "code  token", "code none", "none none", "code\ttoken"] {
            let entries = texts(&["code", entry]);
            assert_eq!(flows(Some(&entries), None), Err(&entries[1]), "{entry}");
        }
    }

    #[test]
    fn lists_the_response_types_of_the_flows() {
        assert_eq!(NONE.response_types(), [""; 0]);
        assert_eq!(CODE.response_types(), ["code", "none"]);
        assert_eq!(IMPLICIT.response_types(), ["id_token", "id_token token"]);
        assert_eq!(HYBRID.response_types().len(), 7);
    }

    #[test]
    fn lists_the_grant_types_of_a_client() {
        let grants = Grants { flows: CODE, refresh_token: true, ..Grants::default() };
        assert_eq!(grants.grant_types().collect::<Vec<_>>(), ["authorization_code", "refresh_token"]);
    }
}
