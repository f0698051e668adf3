//! openidconnect discovers and registers. It has nothing for RFC 7592; the tests delete their clients by hand.

use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreClientRegistrationRequest,
    CoreClientRegistrationResponse, CoreGrantType, CoreProviderMetadata, CoreRegisterErrorResponseType,
    CoreResponseType,
};
use openidconnect::registration::{ClientRegistrationError, EmptyAdditionalClientMetadata};
use openidconnect::reqwest::blocking::{Client, ClientBuilder};
use openidconnect::reqwest::redirect::Policy;
use openidconnect::{
    AccessToken, ClientName, ClientUrl, CsrfToken, HttpClientError, IssuerUrl, LogoUrl, Nonce, PkceCodeChallenge,
    PolicyUrl, RedirectUrl, ResponseTypes, ToSUrl,
};
use serde_json::{Value, json};
use std::env;
use std::error::Error;

type Outcome = Result<(), Box<dyn Error>>;
type Refusal = ClientRegistrationError<CoreRegisterErrorResponseType, HttpClientError<openidconnect::reqwest::Error>>;

const CALLBACK: &str = "https://app.example.com/callback";

#[test]
fn discovers_and_creates_with_an_initial_access_token() -> Outcome {
    let token = initial_access_token()?;
    let created = register(request(CALLBACK)?.set_initial_access_token(Some(token)))?;
    assert_eq!(name(&created), Some("A client of openidconnect"));
    assert_eq!(created.redirect_uris(), &[RedirectUrl::new(CALLBACK.to_owned())?]);
    assert!(created.client_secret().is_some());
    assert!(created.client_id_issued_at().is_some());
    assert!(created.registration_access_token().is_some());
    let own = format!("{}/clients-registrations/openid-connect/{}", issuer(), created.client_id().as_str());
    assert_eq!(created.registration_client_uri().map(|uri| uri.as_str().to_owned()), Some(own));
    delete(&created)
}

#[test]
fn a_client_that_was_created_sends_its_user_to_the_authorization_endpoint() -> Outcome {
    let created = register(request(CALLBACK)?.set_initial_access_token(Some(initial_access_token()?)))?;
    let client =
        CoreClient::from_provider_metadata(discover()?, created.client_id().clone(), created.client_secret().cloned())
            .set_redirect_uri(RedirectUrl::new(CALLBACK.to_owned())?);
    let (challenge, _) = PkceCodeChallenge::new_random_sha256();
    let (address, ..) = client
        .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
        .set_pkce_challenge(challenge)
        .url();
    assert!(address.as_str().starts_with(&format!("{}/protocol/openid-connect/auth?", issuer())), "{address}");
    delete(&created)
}

#[test]
fn understands_an_answer_with_much_metadata() -> Outcome {
    let page = |path: &str| format!("https://app.example.com/{path}");
    let full = request(CALLBACK)?
        .set_initial_access_token(Some(initial_access_token()?))
        .set_response_types(Some(vec![ResponseTypes::new(vec![CoreResponseType::Code])]))
        .set_grant_types(Some(vec![CoreGrantType::AuthorizationCode, CoreGrantType::RefreshToken]))
        .set_token_endpoint_auth_method(Some(CoreClientAuthMethod::ClientSecretPost))
        .set_client_uri(Some([(None, ClientUrl::new(page(""))?)].into_iter().collect()))
        .set_logo_uri(Some([(None, LogoUrl::new(page("logo.png"))?)].into_iter().collect()))
        .set_policy_uri(Some([(None, PolicyUrl::new(page("policy"))?)].into_iter().collect()))
        .set_tos_uri(Some([(None, ToSUrl::new(page("terms"))?)].into_iter().collect()))
        .set_require_auth_time(Some(true));
    let created = register(full.clone())?;
    // Keycloak adds the response type `none`.
    let code = ResponseTypes::new(vec![CoreResponseType::Code]);
    assert!(created.response_types().is_some_and(|types| types.contains(&code)));
    assert_eq!(created.token_endpoint_auth_method(), full.client_metadata().token_endpoint_auth_method());
    assert_eq!(created.client_uri(), full.client_metadata().client_uri());
    assert_eq!(created.logo_uri(), full.client_metadata().logo_uri());
    assert_eq!(created.policy_uri(), full.client_metadata().policy_uri());
    assert_eq!(created.tos_uri(), full.client_metadata().tos_uri());
    assert_eq!(created.require_auth_time(), Some(true));
    delete(&created)
}

#[test]
fn a_refusal_of_metadata_reaches_the_caller() -> Outcome {
    let token = AccessToken::new(administrators_token()?);
    let refused = refused(request("https://app.example.com/callback#fragment")?.set_initial_access_token(Some(token)))?;
    let ClientRegistrationError::ServerResponse(error) = refused else { return Err(refused.into()) };
    assert_eq!(error.error(), &CoreRegisterErrorResponseType::InvalidRedirectUri);
    assert_eq!(error.error_description().map(String::as_str), Some("A redirect URI must not contain an URL fragment"));
    Ok(())
}

#[test]
fn a_refusal_by_a_policy_reaches_the_caller() -> Outcome {
    let (status, error, description) = unexpected(refused(request(CALLBACK)?)?)?;
    assert_eq!((status, error.as_str()), (403, "insufficient_scope"));
    let why = "Policy 'Trusted Hosts' rejected request to client-registration service. Details: Host not trusted.";
    assert_eq!(description, why);
    Ok(())
}

#[test]
fn a_refusal_of_a_token_reaches_the_caller() -> Outcome {
    let token = AccessToken::new("no-token".to_owned());
    let (status, error, description) = unexpected(refused(request(CALLBACK)?.set_initial_access_token(Some(token)))?)?;
    assert_eq!((status, error.as_str()), (401, "invalid_token"));
    assert_ne!(description, "");
    Ok(())
}

fn issuer() -> String {
    format!("{}/realms/master", setting("MATRICULA_URL", "http://localhost:8080"))
}

fn setting(name: &str, otherwise: &str) -> String {
    env::var(name).unwrap_or_else(|_| otherwise.to_owned())
}

/// As the library's documentation makes it.
fn http() -> Result<Client, openidconnect::reqwest::Error> {
    ClientBuilder::new().redirect(Policy::none()).build()
}

fn discover() -> Result<CoreProviderMetadata, Box<dyn Error>> {
    Ok(CoreProviderMetadata::discover(&IssuerUrl::new(issuer())?, &http()?)?)
}

fn request(redirect_uri: &str) -> Result<CoreClientRegistrationRequest, Box<dyn Error>> {
    let redirect_uri = RedirectUrl::new(redirect_uri.to_owned())?;
    let name = ClientName::new("A client of openidconnect".to_owned());
    Ok(CoreClientRegistrationRequest::new(vec![redirect_uri], EmptyAdditionalClientMetadata::default())
        .set_client_name(Some([(None, name)].into_iter().collect())))
}

fn register(request: CoreClientRegistrationRequest) -> Result<CoreClientRegistrationResponse, Box<dyn Error>> {
    let metadata = discover()?;
    let endpoint = metadata.registration_endpoint().ok_or("no registration endpoint")?;
    Ok(request.register(endpoint, &http()?)?)
}

fn refused(request: CoreClientRegistrationRequest) -> Result<Refusal, Box<dyn Error>> {
    let metadata = discover()?;
    let endpoint = metadata.registration_endpoint().ok_or("no registration endpoint")?;
    request.register(endpoint, &http()?).err().ok_or_else(|| "not refused".into())
}

/// Status, error code and description of an answer other than 400, which the library hands on as it came.
fn unexpected(refused: Refusal) -> Result<(u16, String, String), Box<dyn Error>> {
    let ClientRegistrationError::Response(status, body, _) = refused else { return Err(refused.into()) };
    let body: Value = serde_json::from_slice(&body)?;
    let text = |member: &str| body[member].as_str().unwrap_or_default().to_owned();
    Ok((status.as_u16(), text("error"), text("error_description")))
}

fn name(client: &CoreClientRegistrationResponse) -> Option<&str> {
    client.client_name()?.get(None).map(|name| name.as_str())
}

fn delete(client: &CoreClientRegistrationResponse) -> Outcome {
    let address = client.registration_client_uri().ok_or("no registration_client_uri")?;
    let token = client.registration_access_token().ok_or("no registration_access_token")?;
    http()?.delete(address.as_str()).bearer_auth(token.secret()).send()?.error_for_status()?;
    Ok(())
}

/// Good for one registration.
fn initial_access_token() -> Result<AccessToken, Box<dyn Error>> {
    let address =
        format!("{}/admin/realms/master/clients-initial-access", setting("MATRICULA_URL", "http://localhost:8080"));
    let answer = http()?
        .post(address)
        .bearer_auth(administrators_token()?)
        .header("content-type", "application/json")
        .body(json!({"count": 1, "expiration": 600}).to_string())
        .send()?
        .error_for_status()?;
    member(&answer.bytes()?, "token").map(AccessToken::new)
}

fn administrators_token() -> Result<String, Box<dyn Error>> {
    let (user, password) = (setting("MATRICULA_ADMIN_USER", "admin"), setting("MATRICULA_ADMIN_PASSWORD", "admin"));
    let form = [("grant_type", "password"), ("client_id", "admin-cli"), ("username", &user), ("password", &password)];
    let answer =
        http()?.post(format!("{}/protocol/openid-connect/token", issuer())).form(&form).send()?.error_for_status()?;
    member(&answer.bytes()?, "access_token")
}

fn member(answer: &[u8], name: &str) -> Result<String, Box<dyn Error>> {
    let answer: Value = serde_json::from_slice(answer)?;
    Ok(answer[name].as_str().ok_or_else(|| format!("no {name}"))?.to_owned())
}
