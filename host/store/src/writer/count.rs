//! One client of a realm more or less. Every registration counts itself, and all of one realm change the same row: a
//! group adds them up and changes it once.

use super::Statement;
use crate::{Lost, Value, values};

/// One more client of a realm, which must have fewer than each of its limits before; or one less.
pub(crate) struct Count {
    realm_id: String,
    /// 1 or -1.
    clients: i64,
    /// The least of the limits.
    limit: Option<u32>,
    /// The same for this one alone: tells which limit does not hold.
    pub(super) alone: Vec<Statement>,
}

/// Clients that a group adds to a realm, or takes away.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sum<'a> {
    pub(super) realm_id: &'a str,
    pub(super) clients: i64,
    /// Clients that the realm may have then.
    pub(super) at_most: i64,
}

/// Counts a sum; changes no row when the realm would get too many clients.
pub(super) const COUNT: &str =
    "UPDATE realm_counters SET clients = clients + $2 WHERE realm_id = $1 AND clients + $2 <= $3";

impl Count {
    /// One more client of this realm under these limits.
    pub(crate) fn new(realm_id: &str, limits: &[u32]) -> Count {
        let mut alone = Vec::with_capacity(limits.len().max(1));
        for (index, limit) in limits.iter().enumerate() {
            let sql = if index + 1 < limits.len() {
                "UPDATE realm_counters SET clients = clients WHERE realm_id = $1 AND clients < $2"
            } else {
                "UPDATE realm_counters SET clients = clients + 1 WHERE realm_id = $1 AND clients < $2"
            };
            let values = values![realm_id, i64::from(*limit)];
            alone.push(Statement { sql, values, otherwise: Some(Lost::Condition(index)), only_one: false });
        }
        if limits.is_empty() {
            let sql = "UPDATE realm_counters SET clients = clients + 1 WHERE realm_id = $1";
            // Without a realm there is nothing to count.
            alone.push(Statement { sql, values: values![realm_id], otherwise: Some(Lost::Changed), only_one: false });
        }
        Count { realm_id: realm_id.to_owned(), clients: 1, limit: limits.iter().min().copied(), alone }
    }

    /// One client of this realm less.
    pub(crate) fn less(realm_id: &str) -> Count {
        let sql = "UPDATE realm_counters SET clients = clients - 1 WHERE realm_id = $1";
        // A realm that is gone has nothing to count.
        let alone = vec![Statement { sql, values: values![realm_id], otherwise: None, only_one: false }];
        Count { realm_id: realm_id.to_owned(), clients: -1, limit: None, alone }
    }
}

impl Sum<'_> {
    /// The parameters of [`COUNT`].
    pub(super) fn values(&self) -> Vec<Value> {
        values![self.realm_id, self.clients, self.at_most]
    }
}

/// What a group counts, in the order of the realms: whoever locks rows in one order cannot stand in each other's way.
pub(super) fn sums<'a>(counts: impl Iterator<Item = &'a Count>) -> Vec<Sum<'a>> {
    let mut sums: Vec<Sum<'a>> = Vec::new();
    for count in counts {
        let limit = count.limit.map_or(i64::MAX, i64::from);
        match sums.iter_mut().find(|sum| sum.realm_id == count.realm_id) {
            Some(sum) => {
                sum.clients += count.clients;
                sum.at_most = sum.at_most.min(limit);
            }
            None => sums.push(Sum { realm_id: &count.realm_id, clients: count.clients, at_most: limit }),
        }
    }
    sums.sort_by_key(|sum| sum.realm_id);
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_counts_each_realm_once_under_its_least_limit() {
        let counts = [
            Count::new("b", &[10, 7]),
            Count::less("c"),
            Count::new("a", &[]),
            Count::new("b", &[9]),
            Count::less("b"),
        ];
        let sums_by_realm = [("a", 1, i64::MAX), ("b", 1, 7), ("c", -1, i64::MAX)]
            .map(|(realm_id, clients, at_most)| Sum { realm_id, clients, at_most });
        assert_eq!(sums(counts.iter()), sums_by_realm);
    }
}
