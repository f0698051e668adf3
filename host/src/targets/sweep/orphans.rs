//! Clients at a target that bear our mark and that nobody here knows: they are removed, unless they are suspiciously many.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use matricula_contract::connectors::{LookTask, Task};
use matricula_store::deliveries::compared;

use super::inventory::{Inventory, Stranger};
use super::{Stop, Sweep};
use crate::targets::task::Ended;

/// Orphans that are always removed: so many are no accident of a whole target.
const FEW: u64 = 10;
/// Orphans of one step.
const STEP: usize = 64;

impl Sweep {
    /// Finds them, and removes them; tells why not, if they are too many.
    pub(super) async fn remove_orphans(&mut self, inventory: Inventory) -> Result<Option<String>, Stop> {
        let Inventory { strangers, strangers_found, .. } = inventory;
        let further = strangers_found - strangers.len() as u64;
        let looks = stream::iter(strangers).map(|stranger| self.orphan(stranger)).buffered(self.at_once);
        let found: Vec<(Stranger, Option<String>)> =
            looks.try_filter_map(async |orphan| Ok(orphan)).try_collect().await?;
        let mut orphans = Vec::with_capacity(found.len());
        for (orphan, key) in found {
            self.report.add_orphan(key.as_deref().unwrap_or(&orphan.client_id), &orphan.client_id);
            orphans.push(orphan);
        }
        self.report.add_further_orphans(further);
        if self.order.dry_run || !self.order.repair {
            return Ok(None);
        }
        let (found, marked) = (self.report.found.orphans, self.report.marked);
        if !self.order.force && found >= FEW && found * 10 > marked {
            return Ok(Some(format!("Would remove {found} of {marked} clients")));
        }
        for step in orphans.chunks(STEP) {
            self.remove(step).await?;
            self.tell().await?;
        }
        Ok(None)
    }

    /// The same stranger with the target's id of it, if it is there and still one.
    async fn orphan(&self, stranger: Stranger) -> Result<Option<(Stranger, Option<String>)>, Stop> {
        let (id, client_id) = (stranger.id.clone(), stranger.client_id.clone());
        let look = LookTask { id, client_id, known: Some(stranger.known.clone()) };
        let Ended::Finished(there) = self.ask(&Task::Look(look)).await? else { return Ok(None) };
        // What shows nothing is taken to be the one that was listed.
        if there.known.is_some_and(|known| known != stranger.known) {
            return Ok(None);
        }
        // Looked at afterwards: whoever made or removed it meanwhile is known by now.
        let key = self.delivery(&stranger.id);
        let is_known = compared::is_known(&self.store().database, &key, &stranger.client_id).await?;
        Ok((!is_known).then_some((stranger, there.key)))
    }

    async fn remove(&mut self, orphans: &[Stranger]) -> Result<(), Stop> {
        let node = self.node();
        let (writer, node) = (&self.store().writer, node.as_deref());
        let removals = orphans.iter().map(async |orphan| {
            let key = self.delivery(&orphan.id);
            let removes = compared::remove_unknown(writer, &key, &orphan.client_id, &orphan.known, node).await?;
            Ok::<_, Stop>(removes.then_some(orphan.id.as_str()))
        });
        let removals = futures_util::future::try_join_all(removals).await?;
        let removed: Vec<&str> = removals.into_iter().flatten().collect();
        let left = self.settled(&removed).await?;
        self.report.removed += removed.iter().filter(|id| !left.contains_key(**id)).count() as u64;
        Ok(())
    }
}
