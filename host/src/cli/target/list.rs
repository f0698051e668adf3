//! `matricula target list`

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

use super::targets;
use crate::cli::connection::Server;
use crate::cli::moment::ago;
use crate::cli::table;
use crate::config::Connection;

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(2);

/// Prints the targets of a realm; again and again, if they are watched.
pub(super) async fn list(realm: &str, watch: bool, connection: &Connection) -> anyhow::Result<()> {
    let server = Server::connect(connection).await?;
    let path = targets(realm);
    loop {
        let targets = server.json(Method::GET, &path, None).await?;
        if watch && std::io::stdout().is_terminal() {
            // From the upper left corner of an empty screen.
            print!("\x1b[2J\x1b[H");
        }
        print(&targets);
        if !watch {
            return Ok(());
        }
        println!();
        std::io::stdout().flush()?;
        tokio::time::sleep(PAUSE).await;
    }
}

fn print(targets: &Value) {
    let targets = || targets.as_array().into_iter().flatten();
    let rows: Vec<[String; 10]> = targets().map(row).collect();
    let head =
        ["NAME", "CONNECTOR", "STATE", "REQUIRED", "DELIVERED", "WAITING", "REFUSED", "LEAVING", "OLDEST", "URL"];
    table::print(head, &rows);
    for target in targets() {
        if let Some(message) = target["message"].as_str() {
            println!("\n{}: {message}", target["name"].as_str().unwrap_or_default());
        }
    }
}

fn row(target: &Value) -> [String; 10] {
    let text = |name: &str| target[name].as_str().unwrap_or("-").to_owned();
    let count = |state: &str| target["deliveries"][state].as_u64().unwrap_or_default();
    [
        text("name"),
        text("connector"),
        text("state"),
        if target["required"] == true { "yes" } else { "no" }.to_owned(),
        count("delivered").to_string(),
        (count("pending") + count("failing") + count("paused")).to_string(),
        count("refused").to_string(),
        count("leaving").to_string(),
        target["oldest"].as_i64().map_or_else(|| "-".to_owned(), ago),
        text("url"),
    ]
}
