//! Access tokens of users and service accounts: who holds one, and which roles count.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::trusted_issuer::Trusted;
use super::{AuthenticationError, Named};
use crate::app::App;
use crate::clock;
use crate::realm::{MASTER, Realm};
use crate::roles;
use crate::store::document::Undecoded;
use crate::store::sessions::{self, Holder, Shown, Standing};
use crate::store::{StoreError, roles as stored_roles};
use crate::tokens::Claims;

/// An access token, and what it is worth now.
pub(crate) struct Bearer {
    /// What it says.
    pub(crate) claims: Arc<Claims>,
    /// The user, if there still is one.
    pub(crate) holder: Option<Holder>,
    /// Roles of the client that manages the realm, composites resolved.
    management: BTreeSet<String>,
    /// Roles of the realm.
    of_realm: BTreeSet<String>,
    /// The holder administers every realm (role `admin` of realm `master`).
    pub(crate) is_administrator: bool,
    /// The client that the token was issued to, if there still is one.
    issued_to: Option<Undecoded>,
}

/// Looks up what a verified access token is worth.
///
/// # Errors
/// [`AuthenticationError::FailedDecode`] when it was revoked.
pub(crate) async fn examine(app: &App, realm: &Realm, claims: Arc<Claims>) -> Result<Bearer, AuthenticationError> {
    let standing = sessions::standing(&app.store.database, &realm.id, shown(&claims), clock::now()).await?;
    judge(app, realm, claims, standing).await
}

/// The same, and the client that the request names.
///
/// # Errors
/// As [`examine`].
pub(super) async fn examine_with(
    app: &App,
    realm: &Realm,
    claims: Arc<Claims>,
    client_id: &str,
) -> Result<(Bearer, Named), AuthenticationError> {
    let (standing, named) =
        sessions::standing_and_client(&app.store.database, &realm.id, shown(&claims), clock::now(), client_id).await?;
    Ok((judge(app, realm, claims, standing).await?, named))
}

fn shown(claims: &Claims) -> Shown<'_> {
    Shown {
        token_id: &claims.jti,
        user: claims.sub.as_deref(),
        session: claims.sid.as_deref(),
        client_id: claims.azp.as_deref(),
    }
}

async fn judge(
    app: &App,
    realm: &Realm,
    claims: Arc<Claims>,
    standing: Standing,
) -> Result<Bearer, AuthenticationError> {
    let Standing { revoked, holder, issued_to } = standing;
    if revoked {
        return Err(AuthenticationError::FailedDecode);
    }
    // A disabled user, or a service account whose client is disabled, has no rights any more (deviation 25).
    let holder = holder.filter(|holder| holder.active);
    let (management, of_realm) = match &holder {
        None => Default::default(),
        Some(holder) => held_roles(app, realm, &claims, holder).await?,
    };
    let is_administrator = realm.name == MASTER && of_realm.contains(roles::ADMIN);
    Ok(Bearer { claims, holder, management, of_realm, is_administrator, issued_to })
}

/// Roles of the client that manages the realm, and roles of the realm.
async fn held_roles(
    app: &App,
    realm: &Realm,
    claims: &Claims,
    holder: &Holder,
) -> Result<(BTreeSet<String>, BTreeSet<String>), StoreError> {
    let management_client = realm.management_client();
    let mut management = BTreeSet::new();
    let mut of_realm = BTreeSet::new();
    // A lightweight token has no `sub`: its roles are those that the user has now.
    if claims.sub.is_none() {
        for (client, name) in stored_roles::of_user(&app.store.database, &realm.id, &holder.user_id).await? {
            if client == management_client {
                management.insert(name);
            } else if client.is_empty() {
                of_realm.insert(name);
            }
        }
        roles::resolve(&mut management);
    } else {
        let access = claims.resource_access.as_ref().and_then(|access| access.get(management_client));
        management.extend(access.into_iter().flat_map(|access| access.roles.iter().cloned()));
        of_realm.extend(claims.realm_access.iter().flat_map(|access| access.roles.iter().cloned()));
    }
    Ok((management, of_realm))
}

impl Bearer {
    /// The token of an issuer that the realm trusts: its roles are those that it names.
    pub(super) fn trusted(trusted: Trusted) -> Bearer {
        let mut management: BTreeSet<String> = trusted.roles.into_iter().collect();
        roles::resolve(&mut management);
        Bearer {
            claims: Arc::new(Claims { jti: trusted.token_id, sub: trusted.subject, ..Claims::default() }),
            holder: None,
            management,
            of_realm: BTreeSet::new(),
            is_administrator: false,
            issued_to: None,
        }
    }

    /// Id of the user: of this realm, or at the issuer of the token.
    pub(crate) fn subject(&self) -> Option<&str> {
        self.holder.as_ref().map(|holder| holder.user_id.as_str()).or(self.claims.sub.as_deref())
    }

    /// Whether the holder has one of these roles of the client that manages the realm.
    pub(crate) fn has_any(&self, names: &[&str]) -> bool {
        self.is_administrator || names.iter().any(|name| self.management.contains(*name))
    }

    /// The roles of the client that manages the realm, in alphabetical order.
    pub(crate) fn management_roles(&self) -> Vec<String> {
        self.management.iter().cloned().collect()
    }

    /// Whether the holder has this role of the realm.
    pub(crate) fn has_realm_role(&self, name: &str) -> bool {
        self.of_realm.contains(name)
    }

    /// Roles as policies see them: `role` of the realm or `client/role`.
    pub(crate) fn role_names(&self, realm: &Realm) -> Vec<String> {
        let of_realm = self.of_realm.iter().cloned();
        let of_clients = self
            .claims
            .resource_access
            .iter()
            .flatten()
            .flat_map(|(client, access)| access.roles.iter().map(move |role| format!("{client}/{role}")));
        let looked_up = self
            .management
            .iter()
            .filter(|_| self.claims.sub.is_none())
            .map(|role| format!("{}/{role}", realm.management_client()));
        of_realm.chain(of_clients).chain(looked_up).collect()
    }

    pub(super) fn may_create_clients(&self) -> bool {
        self.has_any(&["create-client", "manage-clients", "manage-client"])
    }

    pub(super) fn may_view_clients(&self) -> bool {
        self.has_any(&["view-clients", "view-client", "manage-clients", "manage-client"])
    }

    pub(super) fn may_manage_clients(&self) -> bool {
        self.has_any(&["manage-clients", "manage-client"])
    }

    /// The client that the token was issued to must be of the provider's protocol (Keycloak compares that one, not the
    /// client in question).
    pub(super) fn issued_for(&self, protocol: Option<&str>) -> Result<(), AuthenticationError> {
        let (Some(wanted), Some(client)) = (protocol, &self.issued_to) else { return Ok(()) };
        match client.decode()?.protocol {
            Some(actual) if actual != wanted => Err(AuthenticationError::WrongProtocol),
            _ => Ok(()),
        }
    }
}
