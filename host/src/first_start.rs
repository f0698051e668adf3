//! The first start: realm `master` with its administrator, and what to try then.

use anyhow::Context;
use matricula_realms::MASTER;
use matricula_realms::defaults::{self, NewRealm};
use matricula_realms::roles::ADMIN;
use matricula_store::realm_settings::Settings;
use matricula_store::users::{self, Profile, UserRow};
use matricula_store::{Lost, StoreError, Write, roles};
use matricula_system::{clock, ids, random};

use crate::app::App;
use crate::config::Serve;
use crate::passwords;

/// Seconds that an access token of realm `master` is good for.
const MASTER_TOKEN_LIFESPAN: i64 = 60;

/// The administrator that was made.
pub(crate) struct Administrator {
    /// User name.
    pub(crate) user: String,
    /// The password, if it was made here: it is shown once.
    pub(crate) made_password: Option<String>,
}

/// Makes realm `master` unless it is there.
///
/// # Errors
/// With what was being done, for the operator.
pub(crate) async fn make_master(app: &App, options: &Serve) -> anyhow::Result<Option<Administrator>> {
    if app.realms.get(MASTER).await.context("looking for realm master")?.is_some() {
        return Ok(None);
    }
    let made_password = options.admin_password.is_none().then(|| random::text(20));
    let password = options.admin_password.clone().or_else(|| made_password.clone()).unwrap_or_default();
    let id = ids::fresh();
    let settings = Settings { access_token_lifespan: MASTER_TOKEN_LIFESPAN, ..Settings::default() };
    let new = NewRealm::usual(id, MASTER.to_owned(), true, settings);
    let realm = &new.realm;
    let user = UserRow {
        id: ids::fresh(),
        username: options.admin_user.to_lowercase(),
        email: None,
        enabled: true,
        profile: Profile::default(),
        password_hash: Some(passwords::hash(password).await?),
        service_account_client: None,
        created_at: clock::now(),
        version: 1,
    };
    let mut write = Write::default();
    defaults::store(&mut write, &new, None)?;
    users::insert(&mut write, &realm.id, &user);
    roles::grant_by_name(&mut write, &realm.id, &user.id, "", ADMIN);
    match app.store.writer.write(write).await {
        Ok(()) => Ok(Some(Administrator { user: user.username, made_password })),
        // Another node that started at the same time was faster.
        Err(StoreError::Lost(Lost::Taken)) => Ok(None),
        Err(error) => Err(error).context("making realm master"),
    }
}

/// What `serve` prints when it is ready.
pub(crate) fn greeting(url: &str, administrator: Option<&Administrator>) -> String {
    use std::fmt::Write as _;
    let mut text = format!("Matricula {} is ready at {url}\n", env!("CARGO_PKG_VERSION"));
    let Some(administrator) = administrator else { return text };
    // Writing to a String cannot fail.
    let _ = match &administrator.made_password {
        Some(password) => write!(
            text,
            "\nAdministrator of realm master: {} with password {password}\nThis password is shown once. Keep it.\n",
            administrator.user
        ),
        None => write!(text, "\nAdministrator of realm master: {}, with the password you set\n", administrator.user),
    };
    let password = administrator.made_password.as_deref().unwrap_or("${MATRICULA_ADMIN_PASSWORD:?set it here too}");
    let _ = write!(
        text,
        "\nRegister your first client, in another terminal (the token is good for a minute):\n\n\
         \x20 TOKEN=$(curl -s {url}/realms/master/protocol/openid-connect/token \\\n\
         \x20   -d grant_type=password -d client_id=admin-cli -d username={} \\\n\
         \x20   -d \"password={password}\" | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')\n\n\
         \x20 curl -i {url}/realms/master/clients-registrations/default \\\n\
         \x20   -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json' \\\n\
         \x20   -d '{{\"clientId\": \"myclient\"}}'\n",
        administrator.user
    );
    text
}
