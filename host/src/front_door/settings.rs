//! The realm setting `authorizationServer` as administrators send it.

use matricula_store::realm_settings::AuthorizationServer;
use reqwest::Url;
use serde_json::Value;

use super::members::Members;

/// Its name among the members of a realm.
pub(crate) const AUTHORIZATION_SERVER: &str = "authorizationServer";
/// Where Keycloak's tokens list the roles that manage a realm.
const ROLES_CLAIM: &str = "resource_access.realm-management.roles";

/// Reads it; `null` is no authorization server. What it leaves out has its default.
///
/// # Errors
/// What is wrong with it, for the administrator.
pub(crate) fn read(sent: &Value) -> Result<Option<AuthorizationServer>, String> {
    let known = ["issuer", "metadataUrl", "trustTokens", "audience", "rolesClaim"];
    let Some(members) = Members::of(sent, AUTHORIZATION_SERVER, &known)? else { return Ok(None) };
    // What is no text is no URL either.
    let issuer = members.text("issuer").ok().flatten().filter(|issuer| is_url(issuer) && !issuer.contains('?'));
    let metadata_url = members.text("metadataUrl")?;
    if metadata_url.is_some_and(|url| !is_url(url)) {
        return Err(format!("'{AUTHORIZATION_SERVER}.metadataUrl' must be an http or https URL without fragment"));
    }
    let trust_tokens = members.switch("trustTokens")?.unwrap_or(true);
    Ok(Some(AuthorizationServer {
        issuer: issuer.map(str::to_owned).ok_or_else(|| {
            format!("'{AUTHORIZATION_SERVER}.issuer' must be an http or https URL without query and fragment")
        })?,
        metadata_url: metadata_url.map(str::to_owned),
        trust_tokens,
        audience: members.text("audience")?.map(str::to_owned),
        roles_claim: members.text("rolesClaim")?.unwrap_or(ROLES_CLAIM).to_owned(),
    }))
}

/// Whether a text is an `http` or `https` URL without fragment. Credentials have no place in it: it is shown.
fn is_url(text: &str) -> bool {
    let plain = |url: Url| {
        let is_http = matches!(url.scheme(), "http" | "https") && url.has_host();
        is_http && url.fragment().is_none() && url.username().is_empty() && url.password().is_none()
    };
    // The parser takes `https:host`, blanks around and empty user names, which people don't mean.
    let written_out = text.split_once("://").is_some_and(|(_, rest)| !rest.starts_with('/'));
    written_out
        && text.chars().all(|letter| letter.is_ascii_graphic() && letter != '\\')
        && Url::parse(text).is_ok_and(plain)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics fails")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_left_out_has_its_default() {
        let server = read(&json!({"issuer": "https://sso.example/"})).unwrap().unwrap();
        let defaults = AuthorizationServer {
            issuer: "https://sso.example/".to_owned(),
            metadata_url: None,
            trust_tokens: true,
            audience: None,
            roles_claim: "resource_access.realm-management.roles".to_owned(),
        };
        assert_eq!(server, defaults);
        let nulls =
            json!({"issuer": "https://sso.example/", "metadataUrl": null, "audience": null, "trustTokens": null});
        assert_eq!(read(&nulls).unwrap(), Some(defaults));
        assert_eq!(read(&Value::Null).unwrap(), None);
    }

    #[test]
    fn what_is_wrong_is_told() {
        let issuer = "'authorizationServer.issuer' must be an http or https URL without query and fragment";
        let metadata_url = "'authorizationServer.metadataUrl' must be an http or https URL without fragment";
        let with = |name: &str, value: Value| json!({"issuer": "http://10.0.0.1:8080/realms/demo", name: value});
        for (sent, text) in [
            (json!({}), issuer),
            (json!({"issuer": 1}), issuer),
            (json!({"issuer": "sso.example"}), issuer),
            (json!({"issuer": "ftp://sso.example"}), issuer),
            (json!({"issuer": "https:sso.example"}), issuer),
            (json!({"issuer": "https:///sso.example"}), issuer),
            (json!({"issuer": "https://sso.example?"}), issuer),
            (json!({"issuer": "https://sso.example?x=1"}), issuer),
            (json!({"issuer": "https://sso.example#x"}), issuer),
            (json!({"issuer": "https://user:pw@sso.example"}), issuer),
            (json!({"issuer": " https://sso.example"}), issuer),
            (with("metadataUrl", json!("https://sso.example/#x")), metadata_url),
            (with("metadataUrl", json!("sso")), metadata_url),
            (with("metadataUrl", json!(1)), "'authorizationServer.metadataUrl' must be a text"),
            (with("trustTokens", json!("yes")), "'authorizationServer.trustTokens' must be true or false"),
            (with("audience", json!(["a"])), "'authorizationServer.audience' must be a text"),
            (with("rolesClaim", json!({})), "'authorizationServer.rolesClaim' must be a text"),
            (with("colour", json!(1)), "'authorizationServer' has no 'colour'"),
            (json!("https://sso.example"), "'authorizationServer' must be an object"),
        ] {
            assert_eq!(read(&sent).unwrap_err(), text, "{sent}");
        }
        assert!(read(&with("metadataUrl", json!("http://10.0.0.1/x?y=1"))).is_ok());
    }
}
