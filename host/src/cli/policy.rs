//! `matricula policy …`: the policies of a server, and an author's tools, which need no server.

mod case;
mod cases;
mod check;
pub(crate) mod connector;
mod explain;
mod list;
mod new;
mod run;
mod templates;
mod test;
mod trial;
mod value;
mod wrap;

use crate::config::PolicyCommand;

/// Runs the command.
pub(crate) async fn run(command: PolicyCommand) -> anyhow::Result<()> {
    match command {
        PolicyCommand::List { realm, connection } => list::list(&realm, &connection).await,
        PolicyCommand::New { name, language, kind } => new::new(&name, language, kind),
        PolicyCommand::Wrap { module, output } => wrap::wrap(&module, &output),
        PolicyCommand::Check { file } => check::check(&file).await,
        PolicyCommand::Run { file, request, config } => run::run(&file, &request, config.as_deref()).await,
        PolicyCommand::Test { file, cases } => test::test(&file, &cases).await,
    }
}
