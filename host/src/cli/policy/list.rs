//! `matricula policy list`: the policies of a realm of a running server.

use reqwest::Method;

use crate::cli::connection::{Server, segment};
use crate::cli::table;
use crate::config::Connection;
use crate::policies::PROVIDER_TYPE;

/// Prints the policies of a realm in running order.
pub(super) async fn list(realm: &str, connection: &Connection) -> anyhow::Result<()> {
    let server = Server::connect(connection).await?;
    let path = format!("/{}/components?type={PROVIDER_TYPE}", segment(realm));
    let policies = server.json(Method::GET, &path, None).await?;
    let rows: Vec<[String; 4]> = policies
        .as_array()
        .into_iter()
        .flatten()
        .map(|policy| {
            let text = |name: &str| policy[name].as_str().unwrap_or_default().to_owned();
            let config = policy["config"].as_object().into_iter().flatten().map(|(name, values)| {
                let values = values.as_array().into_iter().flatten().filter_map(|value| value.as_str());
                format!("{name}={}", values.collect::<Vec<_>>().join(","))
            });
            [text("subType"), text("name"), text("providerId"), config.collect::<Vec<_>>().join(" ")]
        })
        .collect();
    table::print(["SET", "NAME", "PROVIDER", "CONFIGURATION"], &rows);
    Ok(())
}
