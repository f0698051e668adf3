//! Goes through the clients that a target shall have: those that it does not show as after their last put are looked at
//! again, one by one, and put right.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use matricula_contract::connectors::{Finished, LookTask, Task};
use matricula_store::deliveries::compared::{self, Compared, Finding, Progress};

use super::fields::{self, Field};
use super::inventory::Inventory;
use super::{Stop, Sweep};
use crate::targets::carrying::foreign;
use crate::targets::task::Ended;

/// Clients of one step.
const STEP: usize = 200;

/// What a look at one client found.
enum Seen {
    Same,
    Missing,
    Different(Vec<Field>),
    Unmarked,
    /// Something happened to it meanwhile, or nothing is known of it.
    Unclear,
}

impl Sweep {
    /// Goes through all of them.
    pub(super) async fn compare_all(&mut self, inventory: &Inventory) -> Result<(), Stop> {
        let mut behind = String::new();
        loop {
            let (database, key) = (&self.store().database, &self.key);
            let most = i64::try_from(STEP).unwrap_or(i64::MAX);
            let step = compared::behind(database, &key.realm_id, &key.target, &behind, most).await?;
            let (Some(last), is_full) = (step.last(), step.len() == STEP) else { return Ok(()) };
            behind.clone_from(&last.client);
            self.compare(step, inventory).await?;
            self.tell().await?;
            if !is_full {
                return Ok(());
            }
        }
    }

    async fn compare(&mut self, step: Vec<Compared>, inventory: &Inventory) -> Result<(), Stop> {
        self.report.clients += step.len() as u64;
        let (same, others): (Vec<_>, Vec<_>) =
            step.into_iter().partition(|delivery| delivery.is_delivered && inventory.shows(delivery));
        // What is due is brought to its latest state anyway.
        let doubtful = others.into_iter().filter(|delivery| delivery.is_delivered || delivery.is_refused);
        let looks = stream::iter(doubtful).map(|was| self.examine(was)).buffered(self.at_once);
        let seen: Vec<(Compared, Seen)> = looks.try_collect().await?;
        let same_too = seen.iter().filter(|(_, seen)| matches!(seen, Seen::Same)).map(|(was, _)| was);
        let same: Vec<&str> = same.iter().chain(same_too).map(|delivery| delivery.client.as_str()).collect();
        self.report.same += same.len() as u64;
        if !self.order.dry_run && !same.is_empty() {
            let store = self.store();
            let places = (&store.database, &store.writer);
            compared::same(places, &self.key.realm_id, &self.key.target, &same).await?;
        }
        let (mut missing, mut different) = (Vec::new(), Vec::new());
        for (was, seen) in seen {
            let Compared { client, client_id, .. } = was;
            match seen {
                Seen::Missing => {
                    self.report.add_missing(&client, &client_id);
                    missing.push(client);
                }
                Seen::Different(fields) => {
                    self.report.add_different(&client, &client_id, fields);
                    different.push(client);
                }
                Seen::Unmarked => self.report.add_unmarked(&client, &client_id),
                Seen::Same | Seen::Unclear => {}
            }
        }
        if self.order.dry_run {
            return Ok(());
        }
        if !self.order.repair {
            different.clear();
        }
        let put: Vec<&str> = missing.iter().chain(&different).map(String::as_str).collect();
        let progress = self.settled(&put).await?;
        let count = |clients: &[String]| {
            let put = clients.iter().filter(|client| progress.get(*client) == Some(&Progress::Put));
            put.count() as u64
        };
        self.report.filled += count(&missing);
        self.report.repaired += count(&different);
        Ok(())
    }

    /// Looks at one client, and stores what was found if nothing else happened to it.
    async fn examine(&self, was: Compared) -> Result<(Compared, Seen), Stop> {
        let seen = self.look(&was).await?;
        let refusal = foreign(&was.client_id);
        let finding = match &seen {
            Seen::Missing => Finding::Missing,
            Seen::Different(_) => Finding::Different { repairs: self.order.repair },
            Seen::Unmarked => Finding::Unmarked(&refusal),
            Seen::Same | Seen::Unclear => return Ok((was, seen)),
        };
        let key = self.delivery(&was.client);
        let store = self.store();
        let stands = if self.order.dry_run {
            compared::is_as_before(&store.database, &key, &was).await?
        } else {
            compared::found(&store.writer, &key, &was, finding, self.node().as_deref()).await?
        };
        Ok((was, if stands { seen } else { Seen::Unclear }))
    }

    async fn look(&self, was: &Compared) -> Result<Seen, Stop> {
        let look = LookTask { id: was.client.clone(), client_id: was.client_id.clone(), known: was.known.clone() };
        Ok(match self.ask(&Task::Look(look)).await? {
            Ended::Foreign(_) => Seen::Unmarked,
            // It never was there, or never will be as it is.
            _ if was.is_refused => Seen::Unclear,
            Ended::Missing => Seen::Missing,
            Ended::Finished(there) => seen(was, there),
            Ended::Refused(_) => Seen::Unclear,
            Ended::Page(_) | Ended::Ready(_) | Ended::Gone(_) | Ended::Failed(_) => return Err(Stop::nonsense()),
        })
    }
}

/// What the target shows of a client of ours, beside what it showed after the last put.
fn seen(was: &Compared, there: Finished) -> Seen {
    if there.key.is_some() && there.key != was.key {
        // Made anew by somebody: it has another secret.
        return Seen::Missing;
    }
    if there.fingerprint.is_none() || there.fingerprint == was.fingerprint {
        return Seen::Same;
    }
    Seen::Different(fields::different(&fields::of(there.shown), &fields::stored(was.shown.as_deref())))
}
