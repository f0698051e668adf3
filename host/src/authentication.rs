//! Who calls, and what they may do with clients (RFC 6750, RFC 7591 §3, RFC 7592 §2).
//!
//! [`authenticate`] tells what the caller showed; the functions `may_…` decide. Each kind of token has a file below.

pub(crate) mod bearer_token;
pub(crate) mod client_credentials;
pub(crate) mod initial_access_token;
pub(crate) mod registration_access_token;
pub(crate) mod session_cookie;
pub(crate) mod trusted_issuer;

use std::sync::Arc;

use matricula_contract::{CallerKind, Operation, RegistrationAuth};
use matricula_realms::Realm;
use matricula_store::StoreError;
use matricula_store::clients::ClientRow;
use matricula_store::initial_access_tokens::InitialAccessTokenRow;
use matricula_store::policies::OfToken;

use crate::app::App;
use crate::authentication::bearer_token::Bearer;
use crate::authentication::trusted_issuer::TrustedIssuers;
use crate::caller::Caller;
use crate::tokens::{self, Claims, kind};

/// Why a caller is turned away. The texts of `invalid_token` are Keycloak's.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AuthenticationError {
    /// No token of this realm, expired, not yet valid, or revoked.
    #[error("Failed decode token")]
    FailedDecode,
    /// A token of this realm that is none for this service.
    #[error("Invalid type of token")]
    InvalidType,
    /// The initial access token was deleted.
    #[error("Initial Access Token not found")]
    InitialAccessTokenNotFound,
    /// The initial access token is used up.
    #[error("No remaining count on initial access token")]
    NoRemainingCount,
    /// An initial access token only registers.
    #[error("Not initial access token allowed")]
    InitialAccessTokenNotAllowed,
    /// Nothing that would let the caller read this client.
    #[error("Not authorized to view client. Not valid token or client credentials provided.")]
    NotAuthorizedToView,
    /// Nothing that would let the caller change this client.
    #[error("Not authorized to update client. Maybe missing token or bad token type.")]
    NotAuthorizedToUpdate,
    /// The client's own credentials are wrong.
    #[error("Failed to authenticate client")]
    ClientCredentials,
    /// The credentials are of another client.
    #[error("Different client authenticated")]
    DifferentClient,
    /// Too many wrong secrets: the caller must make a pause.
    #[error("Too many wrong secrets")]
    Pause(std::time::Duration),
    /// The role is missing.
    #[error("Forbidden")]
    Forbidden,
    /// There is no such client, and the caller may know it.
    #[error("Client not found")]
    ClientNotFound,
    /// The client is of another protocol than the provider.
    #[error("Wrong client protocol.")]
    WrongProtocol,
    /// The database or the keys gave no answer.
    #[error(transparent)]
    Unavailable(#[from] StoreError),
}

/// What a caller showed, verified.
pub(crate) enum Identity {
    /// Nothing, or something that is no bearer token.
    Anonymous,
    /// Access token of a user or a service account.
    Bearer(Box<Bearer>),
    /// An initial access token that is stored.
    InitialAccessToken(Arc<Claims>, InitialAccessTokenRow),
    /// A registration access token of some client.
    RegistrationAccessToken(Arc<Claims>, Signature),
}

/// Which key a registration access token was signed with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signature {
    /// The one that new tokens are signed with.
    Active,
    /// An older one.
    Retired,
}

/// The client that a request names and its roles; `None`: there is no such client.
pub(crate) type Named = Option<(ClientRow, Vec<String>)>;

/// What a caller is allowed to do, and which policies apply to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Permit {
    /// Which of the realm's two sets of policies applies.
    pub(crate) registration_auth: RegistrationAuth,
    /// The initial access token to be spent.
    pub(crate) initial_access_token: Option<String>,
}

impl Permit {
    fn of(registration_auth: RegistrationAuth) -> Permit {
        Permit { registration_auth, initial_access_token: None }
    }
}

impl Identity {
    /// What the caller showed, for policies.
    pub(crate) fn kind(&self) -> CallerKind {
        match self {
            Identity::Anonymous => CallerKind::Anonymous,
            Identity::Bearer(_) => CallerKind::Bearer,
            Identity::InitialAccessToken(..) => CallerKind::InitialAccessToken,
            Identity::RegistrationAccessToken(..) => CallerKind::RegistrationAccessToken,
        }
    }

    /// Policies that the caller's initial access token brings, on top of the realm's.
    pub(crate) fn of_token(&self) -> OfToken<'_> {
        match self {
            Identity::InitialAccessToken(_, token) => token.of_token(),
            _ => OfToken::default(),
        }
    }

    /// Whether the caller may view clients only: their secrets are for those who manage them.
    pub(crate) fn sees_no_secrets(&self) -> bool {
        matches!(self, Identity::Bearer(bearer) if !bearer.may_manage_clients())
    }

    /// What the token says; absent when anonymous.
    pub(crate) fn claims(&self) -> Option<&Claims> {
        match self {
            Identity::Anonymous => None,
            Identity::Bearer(bearer) => Some(&bearer.claims),
            Identity::InitialAccessToken(claims, _) | Identity::RegistrationAccessToken(claims, _) => Some(claims),
        }
    }

    /// The set of policies that applies before it is known whether the caller may do what it asks for.
    pub(crate) fn registration_auth(&self, operation: Operation) -> RegistrationAuth {
        match self {
            Identity::Anonymous => RegistrationAuth::Anonymous,
            Identity::Bearer(_) | Identity::InitialAccessToken(..) => RegistrationAuth::Authenticated,
            // Registering with it counts as anonymous, as in Keycloak.
            Identity::RegistrationAccessToken(..) if operation == Operation::Register => RegistrationAuth::Anonymous,
            Identity::RegistrationAccessToken(claims, _) => registration_access_token::registration_auth(claims),
        }
    }
}

/// Verifies what the caller showed. The client that the request names, if it names one, is looked up along with what is
/// known of an access token; `None`: nobody has looked.
///
/// # Errors
/// When it showed a bearer token that is not good.
pub(crate) async fn authenticate(
    app: &App,
    realm: &Realm,
    caller: &Caller,
    client_id: Option<&str>,
) -> Result<(Identity, Option<Named>), AuthenticationError> {
    let Some(token) = caller.bearer_token() else { return Ok((Identity::Anonymous, None)) };
    let issuer = app.issuer(realm, caller);
    let trusted = TrustedIssuers::of_token(realm, &issuer, token);
    if !trusted.is_empty() && !is_of_shared_address(app, realm, &issuer, token).await? {
        let trusted = app.trusted_issuers.verify(realm, &trusted, token).await;
        let trusted = trusted.filter(|trusted| trusted.issued_at >= realm.settings.not_before);
        let trusted = trusted.ok_or(AuthenticationError::FailedDecode)?;
        return Ok((Identity::Bearer(Box::new(Bearer::trusted(trusted))), None));
    }
    let verified = tokens::verify(app, realm, &issuer, token).await?.ok_or(AuthenticationError::FailedDecode)?;
    let identity = match (verified.claims.typ.as_str(), client_id) {
        (kind::BEARER, Some(client_id)) => {
            let (bearer, named) = bearer_token::examine_with(app, realm, verified.claims, client_id).await?;
            return Ok((Identity::Bearer(Box::new(bearer)), Some(named)));
        }
        (kind::BEARER, None) => Identity::Bearer(Box::new(bearer_token::examine(app, realm, verified.claims).await?)),
        (kind::INITIAL_ACCESS, _) => {
            let row = initial_access_token::find(app, realm, &verified.claims).await?;
            Identity::InitialAccessToken(verified.claims, row)
        }
        (kind::REGISTRATION_ACCESS, _) => {
            let signature = if verified.by_active_key { Signature::Active } else { Signature::Retired };
            Identity::RegistrationAccessToken(verified.claims, signature)
        }
        _ => return Err(AuthenticationError::InvalidType),
    };
    Ok((identity, None))
}

/// Whether a token is the realm's own although the authorization server that the realm stands before has its address, too:
/// the key says whose it is.
async fn is_of_shared_address(app: &App, realm: &Realm, own: &str, token: &str) -> Result<bool, StoreError> {
    if realm.settings.authorization_server.as_ref().is_none_or(|server| server.issuer != own) {
        return Ok(false);
    }
    let kid = jsonwebtoken::decode_header(token).ok().and_then(|header| header.kid);
    let Some(kid) = kid else { return Ok(false) };
    Ok(app.keys.by_kid(realm, &kid).await?.is_some())
}

/// Whether the caller may register a client.
pub(crate) fn may_register(identity: &Identity) -> Result<Permit, AuthenticationError> {
    match identity {
        Identity::Anonymous | Identity::RegistrationAccessToken(..) => Ok(Permit::of(RegistrationAuth::Anonymous)),
        Identity::Bearer(bearer) if bearer.may_create_clients() => Ok(Permit::of(RegistrationAuth::Authenticated)),
        Identity::Bearer(_) => Err(AuthenticationError::Forbidden),
        Identity::InitialAccessToken(_, row) if row.remaining_count > 0 => Ok(Permit {
            registration_auth: RegistrationAuth::Authenticated,
            initial_access_token: Some(row.id.clone()),
        }),
        Identity::InitialAccessToken(..) => Err(AuthenticationError::NoRemainingCount),
    }
}

/// Whether the caller may read the client that it names, which may not be there. `protocol` is that of the provider.
pub(crate) fn may_read(
    identity: &Identity,
    client: Option<&ClientRow>,
    protocol: Option<&str>,
) -> Result<Permit, AuthenticationError> {
    match identity {
        Identity::Bearer(bearer) => {
            if !bearer.may_view_clients() {
                return Err(AuthenticationError::Forbidden);
            }
            bearer.issued_for(protocol)?;
            client.map(|_| Permit::of(RegistrationAuth::Authenticated)).ok_or(AuthenticationError::ClientNotFound)
        }
        Identity::RegistrationAccessToken(claims, _) => {
            registration_access_token::fits(claims, client, protocol, AuthenticationError::NotAuthorizedToView)
        }
        Identity::InitialAccessToken(..) => Err(AuthenticationError::InitialAccessTokenNotAllowed),
        Identity::Anonymous => Err(AuthenticationError::NotAuthorizedToView),
    }
}

/// Whether the caller may update or delete the client that it names, which may not be there.
pub(crate) fn may_change(
    identity: &Identity,
    client: Option<&ClientRow>,
    protocol: Option<&str>,
) -> Result<Permit, AuthenticationError> {
    match identity {
        Identity::Bearer(bearer) => {
            if !bearer.may_manage_clients() {
                return Err(AuthenticationError::Forbidden);
            }
            bearer.issued_for(protocol)?;
            client.map(|_| Permit::of(RegistrationAuth::Authenticated)).ok_or(AuthenticationError::ClientNotFound)
        }
        Identity::RegistrationAccessToken(claims, _) => {
            registration_access_token::fits(claims, client, protocol, AuthenticationError::NotAuthorizedToUpdate)
        }
        Identity::Anonymous | Identity::InitialAccessToken(..) => Err(AuthenticationError::NotAuthorizedToUpdate),
    }
}
