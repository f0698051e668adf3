//! A client that proves itself with its id and secret: HTTP Basic (RFC 6749 §2.3.1).

use aws_lc_rs::constant_time::verify_slices_are_equal;
use matricula_realms::Realm;
use matricula_store::clients::{self, ClientRow};
use matricula_system::clock;

use super::AuthenticationError;
use crate::app::App;
use crate::caller::Caller;
use crate::life_cycle::client_secrets;

/// Whether two secrets are the same; the time does not tell where they differ.
pub(crate) fn same_secret(a: &str, b: &str) -> bool {
    verify_slices_are_equal(a.as_bytes(), b.as_bytes()).is_ok()
}

/// Whether the request was authenticated by the client that it asks for, which is not public.
///
/// # Errors
/// [`AuthenticationError::ClientCredentials`] when it was by none, [`AuthenticationError::DifferentClient`] when it was
/// by another, [`AuthenticationError::Pause`] after too many wrong secrets.
pub(crate) async fn authenticate(
    app: &App,
    realm: &Realm,
    caller: &Caller,
    wanted: &ClientRow,
) -> Result<(), AuthenticationError> {
    let Some((client_id, secret)) = caller.basic_credentials() else {
        return Err(AuthenticationError::ClientCredentials);
    };
    let other;
    let client = if client_id == wanted.client_id() {
        wanted
    } else {
        other = clients::by_client_id(&app.store.database, &realm.id, &client_id).await?;
        other.as_ref().ok_or(AuthenticationError::ClientCredentials)?
    };
    if !client.enabled() {
        return Err(AuthenticationError::ClientCredentials);
    }
    let record = &client.client;
    if record.public_client != Some(true) {
        let attempt = app.guesses.begin(&realm.id, "client", &client_id, caller.address);
        let attempt = attempt.map_err(AuthenticationError::Pause)?;
        let by_secret = record.client_authenticator_type.as_deref() == Some("client-secret");
        let good = client_secrets::is_good(client, &secret, clock::now());
        attempt.end(good);
        if !(by_secret && good) {
            return Err(AuthenticationError::ClientCredentials);
        }
    }
    if client.id == wanted.id { Ok(()) } else { Err(AuthenticationError::DifferentClient) }
}
