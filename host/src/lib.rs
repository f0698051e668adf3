//! The host: HTTP, tokens, persistence, and the components that decide.
//!
//! Read it in this order: [`app`] (shared state, route table) → [`registration`] (the four requests) →
//! [`authentication`] (who may do what) → [`policies`] (the realm's policies at work; [`client_policies`] come before them) → [`components`] (which versions
//! of which components there are) → [`matricula_wasm`] (how they are loaded and called) → [`matricula_store`] (what is kept). [`admin`] is the Admin REST API, [`config`] the command line.

mod abuse;
mod admin;
mod app;
mod authentication;
mod authorization_endpoint;
mod caller;
mod cli;
mod client_documents;
mod client_policies;
mod components;
pub mod config;
mod console;
mod cors;
mod description;
mod discovery;
mod document;
mod entity_tag;
mod error;
mod events;
mod first_start;
mod front_door;
pub mod fuzzing;
mod gate;
mod headers;
mod health;
pub mod huge_pages;
mod json_text;
mod keys;
mod logs;
mod maintenance;
mod metrics;
mod page;
mod panics;
mod parameters;
mod passwords;
mod policies;
mod protocol_mappers;
mod realm_document;
mod registration;
mod request_id;
mod serve;
mod server;
mod targets;
mod token_endpoint;
mod tokens;
mod traces;
mod web;

use anyhow::Context;
use config::{Cli, Command};

/// Does what the command line names.
///
/// # Errors
/// With what was being done, for the operator.
pub fn run(cli: Cli) -> anyhow::Result<()> {
    if let Command::CompileComponent { gently, memory_mib } = cli.command {
        return matricula_wasm::compiler::run(gently, memory_mib);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("starting the asynchronous runtime")?;
    runtime.block_on(async {
        match cli.command {
            Command::Serve(options) => serve::serve(*options).await,
            Command::Realm { command } => cli::realm::run(command).await,
            Command::Token { command } => cli::token::run(command).await,
            Command::Policy { command } => cli::policy::run(command).await,
            Command::Component { command } => cli::component::run(command).await,
            Command::Connector { command } => cli::policy::connector::run(command).await,
            Command::Target { command } => cli::target::run(command).await,
            Command::Backup(arguments) => maintenance::back_up(arguments).await,
            Command::Restore(arguments) => maintenance::restore(arguments).await,
            Command::Encrypt(place) => maintenance::encrypt(place).await,
            // It is done by now, without a runtime.
            Command::CompileComponent { .. } => Ok(()),
        }
    })
}
