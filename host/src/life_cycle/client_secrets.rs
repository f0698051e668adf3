//! Secrets of clients: they end where the realm says so, and the one before is good for a while. What is known of them is
//! among the client's attributes, as in Keycloak; the secret before itself is in no document.

use matricula_contract::{Attribute, Client};
use matricula_store::clients::ClientRow;
use matricula_store::realm_settings::LifeCycle;

use crate::authentication::client_credentials::same_secret;

/// Attributes, in Unix seconds (Keycloak: `ClientSecretConstants`): when the secret was made, and until when it is good.
const CREATED: &str = "client.secret.creation.time";
const EXPIRES: &str = "client.secret.expiration.time";
/// The same of the secret before.
const ROTATED_CREATED: &str = "client.secret.rotated.creation.time";
const ROTATED_EXPIRES: &str = "client.secret.rotated.expiration.time";

/// Whether this is the secret of a client, or the one before as long as that is good. The time does not tell how close it
/// comes.
pub(crate) fn is_good(client: &ClientRow, given: &str, now: i64) -> bool {
    let record = &client.client;
    let is_right = |secret: Option<&str>, expires: &str| {
        let secret = secret.filter(|secret| !secret.is_empty());
        secret.is_some_and(|secret| same_secret(secret, given)) && time(record, expires).is_none_or(|time| now < time)
    };
    // Both are compared, whatever the first one is.
    let is_current = is_right(record.secret.as_deref(), EXPIRES);
    let is_rotated =
        time(record, ROTATED_EXPIRES).is_some() && is_right(client.rotated_secret.as_deref(), ROTATED_EXPIRES);
    is_current | is_rotated
}

/// Whether a client that changes itself gets a new secret: half of the lifetime of its secret is over.
pub(crate) fn is_to_be_renewed(stored: &Client, changed: &Client, now: i64) -> bool {
    let Some(expires) = time(stored, EXPIRES).filter(|_| changed.secret.is_some() && changed.secret == stored.secret)
    else {
        return false;
    };
    let half = time(stored, CREATED).map_or(expires, |created| created + (expires - created) / 2);
    now >= half
}

/// Says of the secret of a client that is about to be stored when it was made and until when it is good, and keeps the one
/// before as the realm says. What documents say of that counts for nothing where the realm or the client has an end.
pub(crate) fn settle(client: &mut ClientRow, stored: Option<&Client>, settings: &LifeCycle, now: i64) {
    let rotated = client.rotated_secret.take();
    if client.client.secret.is_none() || client.client.public_client == Some(true) {
        forget_rotated(&mut client.client);
        set(&mut client.client, EXPIRES, None);
        return;
    }
    let before = stored.filter(|stored| stored.secret.is_some());
    match before.filter(|before| before.secret == client.client.secret) {
        Some(before) => {
            if settings.secret_lifetime > 0 || time(before, EXPIRES).is_some() {
                set(&mut client.client, CREATED, time(before, CREATED));
                set(&mut client.client, EXPIRES, time(before, EXPIRES));
            }
            set(&mut client.client, ROTATED_CREATED, time(before, ROTATED_CREATED));
            set(&mut client.client, ROTATED_EXPIRES, time(before, ROTATED_EXPIRES));
            client.rotated_secret = rotated;
        }
        None => {
            let ends = (settings.secret_lifetime > 0).then(|| now.saturating_add(settings.secret_lifetime));
            if ends.is_some() || settings.secret_grace > 0 {
                set(&mut client.client, CREATED, Some(now));
            }
            if ends.is_some() || before.is_some_and(|before| time(before, EXPIRES).is_some()) {
                set(&mut client.client, EXPIRES, ends);
            }
            forget_rotated(&mut client.client);
            let ends = before.map(|before| {
                let grace = now.saturating_add(settings.secret_grace);
                time(before, EXPIRES).map_or(grace, |expires| grace.min(expires))
            });
            if let (Some(before), Some(ends)) = (before, ends.filter(|ends| *ends > now)) {
                set(&mut client.client, ROTATED_CREATED, time(before, CREATED));
                set(&mut client.client, ROTATED_EXPIRES, Some(ends));
                client.rotated_secret.clone_from(&before.secret);
            }
        }
    }
}

/// Ends the secret before; `false`: none is good.
pub(crate) fn end_rotated(client: &mut ClientRow, now: i64) -> bool {
    let was_good =
        client.rotated_secret.take().is_some() && time(&client.client, ROTATED_EXPIRES).is_some_and(|time| now < time);
    forget_rotated(&mut client.client);
    was_good
}

fn forget_rotated(client: &mut Client) {
    set(client, ROTATED_CREATED, None);
    set(client, ROTATED_EXPIRES, None);
}

/// A time among the attributes, Unix seconds.
fn time(client: &Client, name: &str) -> Option<i64> {
    client.attributes.iter().find(|one| one.name == name)?.value.parse().ok()
}

fn set(client: &mut Client, name: &str, time: Option<i64>) {
    match (client.attributes.iter().position(|one| one.name == name), time) {
        (Some(at), Some(time)) => client.attributes[at].value = time.to_string(),
        (Some(at), None) => drop(client.attributes.remove(at)),
        (None, Some(time)) => client.attributes.push(Attribute { name: name.to_owned(), value: time.to_string() }),
        (None, None) => {}
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics fails")]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(secret: &str) -> ClientRow {
        let client = json!({"secret": secret, "attributes": []});
        ClientRow::unstored(serde_json::from_value(client).unwrap())
    }

    fn rotated(mut client: ClientRow, secret: &str, settings: &LifeCycle, now: i64) -> ClientRow {
        let stored = client.client.clone();
        client.client.secret = Some(secret.to_owned());
        settle(&mut client, Some(&stored), settings, now);
        client
    }

    #[test]
    fn a_secret_ends_when_its_lifetime_is_over_and_is_renewed_from_half_of_it_on() {
        let settings = LifeCycle { secret_lifetime: 100, ..LifeCycle::default() };
        let mut client = row("one");
        settle(&mut client, None, &settings, 1000);
        assert!(is_good(&client, "one", 1099) && !is_good(&client, "one", 1100) && !is_good(&client, "two", 1000));
        let same = client.client.clone();
        assert!(!is_to_be_renewed(&same, &same, 1049) && is_to_be_renewed(&same, &same, 1050));
        // A client that kept its secret keeps its end, whatever the realm says now.
        settle(&mut client, Some(&same), &LifeCycle::default(), 1050);
        assert!(!is_good(&client, "one", 1100));
    }

    #[test]
    fn the_secret_before_is_good_for_the_grace_and_never_longer_than_its_own_end() {
        let settings = LifeCycle { secret_grace: 50, ..LifeCycle::default() };
        let client = rotated(row("one"), "two", &settings, 1000);
        assert!(is_good(&client, "two", 2000) && is_good(&client, "one", 1049) && !is_good(&client, "one", 1050));
        let again = rotated(client, "three", &settings, 1010);
        assert!(is_good(&again, "two", 1010) && !is_good(&again, "one", 1010));
        let mut ended = again.clone();
        assert!(end_rotated(&mut ended, 1010) && !is_good(&ended, "two", 1010) && !end_rotated(&mut ended, 1010));
        let both = LifeCycle { secret_lifetime: 20, ..settings };
        let mut short = row("one");
        settle(&mut short, None, &both, 1000);
        let short = rotated(short, "two", &both, 1010);
        assert!(is_good(&short, "one", 1019) && !is_good(&short, "one", 1020));
        let none = rotated(row("one"), "two", &LifeCycle::default(), 1000);
        assert!(!is_good(&none, "one", 1000));
    }
}
