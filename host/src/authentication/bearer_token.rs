//! Access tokens of users and service accounts: who holds one, and which roles count.

use std::collections::BTreeSet;
use std::sync::Arc;

use matricula_realms::session_limits::SessionLimits;
use matricula_realms::{MASTER, Realm, roles};
use matricula_store::sessions::{self, Holder, IssuedTo, SessionTimes, Shown, Standing};
use matricula_system::clock;

use super::trusted_issuer::Trusted;
use super::{AuthenticationError, Named};
use crate::app::App;
use crate::tokens::{Claims, GROUPS};

/// An access token, and what it is worth now.
pub(crate) struct Bearer {
    /// What it says.
    pub(crate) claims: Arc<Claims>,
    /// The user, if there still is one, and its session, if the token is of one.
    pub(crate) holder: Option<Holder>,
    /// Roles that count.
    roles: HeldRoles,
    /// The holder administers every realm (role `admin` of realm `master`).
    pub(crate) is_administrator: bool,
    /// The client that the token was issued to, if there still is one.
    issued_to: Option<IssuedTo>,
    /// Its session, if that has not ended.
    pub(crate) session: Option<SessionTimes>,
}

/// Roles by what they are of, composites resolved.
#[derive(Default)]
struct HeldRoles {
    /// Of the client that manages the realm.
    management: BTreeSet<String>,
    /// Of the realm.
    of_realm: BTreeSet<String>,
    /// Of other clients, by their `client_id`.
    of_clients: BTreeSet<(String, String)>,
}

/// Looks up what a verified access token is worth.
///
/// # Errors
/// [`AuthenticationError::FailedDecode`] when it was revoked, or issued before the realm's `notBefore`.
pub(crate) async fn examine(app: &App, realm: &Realm, claims: Arc<Claims>) -> Result<Bearer, AuthenticationError> {
    let alive = SessionLimits::of(&realm.settings).alive(clock::now());
    let standing = sessions::standing(&app.store.database, &realm.id, shown(&claims), alive).await?;
    judge(realm, claims, standing)
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
    let alive = SessionLimits::of(&realm.settings).alive(clock::now());
    let (standing, named) =
        sessions::standing_and_client(&app.store.database, &realm.id, shown(&claims), alive, client_id).await?;
    Ok((judge(realm, claims, standing)?, named))
}

fn shown(claims: &Claims) -> Shown<'_> {
    Shown {
        token_id: &claims.jti,
        user: claims.sub.as_deref(),
        session: claims.sid.as_deref(),
        client_id: claims.azp.as_deref(),
    }
}

fn judge(realm: &Realm, claims: Arc<Claims>, standing: Standing) -> Result<Bearer, AuthenticationError> {
    let Standing { revoked, session, holder, issued_to } = standing;
    if revoked || claims.iat < realm.settings.not_before {
        return Err(AuthenticationError::FailedDecode);
    }
    let is_gone = claims.sid.is_some() && session.is_none() || claims.azp.is_some() && issued_to.is_none();
    // A disabled user, or a service account whose client is disabled, has no rights any more (deviation 25). Nor has
    // who logged out, or came through a client that is gone.
    let holder = holder.filter(|holder| holder.active && !is_gone);
    let roles = holder.as_ref().map_or_else(HeldRoles::default, |holder| held_roles(realm, &claims, holder));
    let is_administrator = realm.name == MASTER && roles.of_realm.contains(roles::ADMIN);
    Ok(Bearer { claims, holder, roles, is_administrator, issued_to, session })
}

/// The roles that the holder has and that the token names: what was taken away meanwhile does not count, nor does what
/// was given. A lightweight token names none: its roles are those that the holder has now.
fn held_roles(realm: &Realm, claims: &Claims, holder: &Holder) -> HeldRoles {
    let mut held = HeldRoles::of(realm, &holder.roles);
    if claims.sub.is_some() {
        let named = HeldRoles::named_in(realm, claims);
        held.management.retain(|role| named.management.contains(role));
        held.of_realm.retain(|role| named.of_realm.contains(role));
        held.of_clients.retain(|role| named.of_clients.contains(role));
    }
    held
}

impl HeldRoles {
    /// Roles by the `client_id` of their clients and their names.
    fn of(realm: &Realm, roles: &[(String, String)]) -> HeldRoles {
        let mut held = HeldRoles::default();
        for (client, name) in roles {
            held.add(realm, client, name);
        }
        roles::resolve(&mut held.management);
        held
    }

    /// Those that a token names.
    fn named_in(realm: &Realm, claims: &Claims) -> HeldRoles {
        let mut named = HeldRoles::default();
        for role in claims.realm_access.iter().flat_map(|access| &access.roles) {
            named.add(realm, "", role);
        }
        for (client, access) in claims.resource_access.iter().flatten() {
            access.roles.iter().for_each(|role| named.add(realm, client, role));
        }
        named
    }

    /// Leaves the roles of one client, and these.
    fn keep(&mut self, realm: &Realm, client_id: &str, these: &HeldRoles) {
        self.of_realm.retain(|role| these.of_realm.contains(role));
        if client_id != realm.management_client() {
            self.management.retain(|role| these.management.contains(role));
        }
        self.of_clients.retain(|role| role.0 == client_id || these.of_clients.contains(role));
    }

    fn add(&mut self, realm: &Realm, client: &str, name: &str) {
        if client.is_empty() {
            self.of_realm.insert(name.to_owned());
        } else if client == realm.management_client() {
            self.management.insert(name.to_owned());
        } else {
            self.of_clients.insert((client.to_owned(), name.to_owned()));
        }
    }
}

impl Bearer {
    /// The token of an issuer that the realm trusts: its roles are those that it names. Those that the client which manages
    /// the realm has are taken for roles of it.
    pub(super) fn trusted(trusted: Trusted) -> Bearer {
        let (mut management, of_realm): (BTreeSet<String>, BTreeSet<String>) =
            trusted.roles.into_iter().partition(|role| roles::is_management(role));
        roles::resolve(&mut management);
        let claims = Claims {
            jti: trusted.token_id,
            iat: trusted.issued_at,
            sub: trusted.subject,
            allowed_origins: trusted.allowed_origins,
            other: [(GROUPS.to_owned(), trusted.groups)].into(),
            ..Claims::default()
        };
        Bearer {
            claims: Arc::new(claims),
            holder: None,
            roles: HeldRoles { management, of_realm, ..HeldRoles::default() },
            is_administrator: false,
            issued_to: None,
            session: None,
        }
    }

    /// What the token is worth for an administrator: the roles that the holder has now, all of them where the client that
    /// the token was issued to may use all, else those that the token names and those of the client.
    ///
    /// # Errors
    /// [`AuthenticationError::FailedDecode`] when there is no holder any more, or the client is disabled or does not stand
    /// by its older tokens.
    pub(crate) fn of_administrator(mut self, realm: &Realm) -> Result<Bearer, AuthenticationError> {
        let holder = self.holder.as_ref().ok_or(AuthenticationError::FailedDecode)?;
        // The console's own sessions are of no client.
        let Some(issued_to) = self.issued_to.as_ref().filter(|_| self.claims.azp.is_some()) else { return Ok(self) };
        let client = issued_to.client.decode()?;
        let not_before = client.not_before.map_or(0, i64::from);
        if !issued_to.enabled || self.claims.iat < not_before {
            return Err(AuthenticationError::FailedDecode);
        }
        let mut held = HeldRoles::of(realm, &holder.roles);
        if client.full_scope_allowed != Some(true) {
            held.keep(realm, client.client_id.as_deref().unwrap_or_default(), &self.roles);
        }
        self.is_administrator = realm.name == MASTER && held.of_realm.contains(roles::ADMIN);
        self.roles = held;
        Ok(self)
    }

    /// Id of the user: of this realm, or at the issuer of the token.
    pub(crate) fn subject(&self) -> Option<&str> {
        self.holder.as_ref().map(|holder| holder.user_id.as_str()).or(self.claims.sub.as_deref())
    }

    /// Whether the holder has one of these roles of the client that manages the realm.
    pub(crate) fn has_any(&self, names: &[&str]) -> bool {
        self.is_administrator || names.iter().any(|name| self.roles.management.contains(*name))
    }

    /// The roles of the client that manages the realm, in alphabetical order.
    pub(crate) fn management_roles(&self) -> Vec<String> {
        self.roles.management.iter().cloned().collect()
    }

    /// Whether the holder has this role of the realm.
    pub(crate) fn has_realm_role(&self, name: &str) -> bool {
        self.roles.of_realm.contains(name)
    }

    /// Roles as policies see them: `role` of the realm or `client/role`.
    pub(crate) fn role_names(&self, realm: &Realm) -> Vec<String> {
        let HeldRoles { management, of_realm, of_clients } = &self.roles;
        let of_management = management.iter().map(|role| format!("{}/{role}", realm.management_client()));
        let of_clients = of_clients.iter().map(|(client, role)| format!("{client}/{role}"));
        of_realm.iter().cloned().chain(of_clients).chain(of_management).collect()
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
        let (Some(wanted), Some(issued_to)) = (protocol, &self.issued_to) else { return Ok(()) };
        match issued_to.client.decode()?.protocol {
            Some(actual) if actual != wanted => Err(AuthenticationError::WrongProtocol),
            _ => Ok(()),
        }
    }
}
