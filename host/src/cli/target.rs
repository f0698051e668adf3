//! `matricula target …`: what must know the clients of a realm.

mod add;
mod adopt;
mod difference;
mod list;
mod show;
mod sweep;

use anyhow::bail;
use reqwest::Method;
use serde_json::Value;

use super::connection::{Server, segment};
use crate::config::target::{Leave, Named, TargetCommand};

/// Runs the command.
pub(crate) async fn run(command: TargetCommand) -> anyhow::Result<()> {
    match command {
        TargetCommand::List { realm, watch, connection } => list::list(&realm, watch, &connection).await,
        TargetCommand::Add(target) => add::add(&target).await,
        TargetCommand::Show(target) => show::show(&target).await,
        TargetCommand::Probe(target) => probe(&target).await,
        TargetCommand::Sweep { target, dry_run, force } => sweep::sweep(&target, dry_run, force).await,
        TargetCommand::Adopt { target, client: Some(client), dry_run, .. } => {
            adopt::one(&target, &client, dry_run).await
        }
        TargetCommand::Adopt { target, client: None, dry_run, .. } => adopt::all(&target, dry_run).await,
        TargetCommand::Pause(target) => tell(&target, "pause", "is paused").await,
        TargetCommand::Resume(target) => tell(&target, "resume", "goes on").await,
        TargetCommand::Retry(target) => tell(&target, "retry", "what was refused or failed is tried now").await,
        TargetCommand::Remove { target, clients } => remove(&target, clients).await,
    }
}

/// Where a realm's targets are, behind `/admin/realms`.
fn targets(realm: &str) -> String {
    format!("/{}/targets", segment(realm))
}

impl Named {
    /// Where the target is, behind `/admin/realms`.
    fn path(&self) -> String {
        format!("{}/{}", targets(&self.realm), segment(&self.name))
    }
}

/// A text of an answer; empty, if there is none.
fn text<'a>(of: &'a Value, name: &str) -> &'a str {
    of[name].as_str().unwrap_or_default()
}

/// The entries of a list of an answer.
fn entries<'a>(of: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    of[name].as_array().into_iter().flatten()
}

async fn tell(target: &Named, what: &str, then: &str) -> anyhow::Result<()> {
    let server = Server::connect(&target.connection).await?;
    server.call(Method::POST, &format!("{}/{what}", target.path()), None).await?;
    println!("{}: {then}", target.name);
    Ok(())
}

async fn probe(target: &Named) -> anyhow::Result<()> {
    let server = Server::connect(&target.connection).await?;
    let probed = server.json(Method::POST, &format!("{}/probe", target.path()), None).await?;
    if let Some(message) = in_vain(&probed) {
        bail!("{}: {message}", target.name);
    }
    println!("{}: answers, after {} µs", target.name, probed["micros"]);
    Ok(())
}

/// Why a probe was in vain.
fn in_vain(probed: &Value) -> Option<&str> {
    (probed["ok"] != true).then(|| probed["message"].as_str().unwrap_or("no reason given"))
}

async fn remove(target: &Named, clients: Leave) -> anyhow::Result<()> {
    let server = Server::connect(&target.connection).await?;
    let word = match clients {
        Leave::Keep => "keep",
        Leave::Remove => "remove",
    };
    server.call(Method::DELETE, &format!("{}?clients={word}", target.path()), None).await?;
    match clients {
        Leave::Keep => println!("{}: removed; it keeps our clients", target.name),
        Leave::Remove => println!("{}: goes when it has removed our clients", target.name),
    }
    Ok(())
}
