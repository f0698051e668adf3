//! Whether somebody can log in with a client: the targets that logins need have its latest state.

use matricula_realms::Realm;
use matricula_store::StoreError;
use matricula_store::clients::ClientRow;
use matricula_store::deliveries::shown::{self, Shown, State};
use matricula_store::targets::Target;

use super::deliveries::Deliveries;

/// How a client stands at the targets that logins need.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// All have its latest state.
    There,
    /// One of them has not, yet.
    OnItsWay,
    /// One of them refused it.
    Refused {
        /// Name of the target.
        target: String,
    },
}

impl Deliveries {
    /// Tells how a client stands; one that is on its way is waited for, unless it `is_settled` already.
    pub(crate) async fn standing(
        &self,
        realm: &Realm,
        client: &ClientRow,
        is_settled: bool,
    ) -> Result<Standing, StoreError> {
        let needed: Vec<&Target> = realm.targets.iter().filter(|target| is_needed(target)).collect();
        if needed.is_empty() {
            return Ok(Standing::There);
        }
        let now = self.look_at(&needed, realm, client).await?;
        if is_settled || now != Standing::OnItsWay {
            return Ok(now);
        }
        self.settled(realm, &client.id).await;
        self.look_at(&needed, realm, client).await
    }

    async fn look_at(&self, needed: &[&Target], realm: &Realm, client: &ClientRow) -> Result<Standing, StoreError> {
        let deliveries = shown::of_client(&self.hub().store.database, &realm.id, &client.id).await?;
        let mut standing = Standing::There;
        for target in needed {
            let Some(delivery) = deliveries.iter().find(|one| one.target == target.name) else { continue };
            if !counts(delivery, client) {
                continue;
            }
            match delivery.state {
                State::Delivered | State::Leaving => {}
                State::Refused => return Ok(Standing::Refused { target: target.name.clone() }),
                State::Pending | State::Failing | State::Paused => standing = Standing::OnItsWay,
            }
        }
        Ok(standing)
    }
}

/// A target without patience is one that no login needs.
fn is_needed(target: &Target) -> bool {
    target.is_asked() && !target.settings.patience().is_zero()
}

/// A target that is younger than a client counts from its first delivery on: until then it is being filled, and nobody
/// logs in there.
fn counts(delivery: &Shown, client: &ClientRow) -> bool {
    // Clients are dated to the second.
    delivery.delivered_generation.is_some() || delivery.target_created_ms / 1000 <= client.created_at
}
