//! `matricula target …`: its arguments.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};

use super::Connection;

/// What can be done with targets.
#[derive(Debug, Subcommand)]
pub enum TargetCommand {
    /// Lists the targets of a realm: their state, and how many clients they have or wait for.
    List {
        /// The realm.
        #[arg(long)]
        realm: String,
        /// Shows the list anew every two seconds, until you end it.
        #[arg(long)]
        watch: bool,
        /// The server.
        #[command(flatten)]
        connection: Connection,
    },
    /// Adds a target; all clients of the realm are delivered to it.
    ///
    /// It is tried first: does it answer, and may we do there what we need? What it says is printed if not, and nothing is
    /// added. Its secret comes from a file or from MATRICULA_TARGET_SECRET, never from the command line.
    Add(Box<Add>),
    /// Shows a target, and the clients that it refused, that failed there or that are still to be removed.
    Show(Named),
    /// Tries a target: does it answer, and may we do there what we need? Changes nothing anywhere.
    Probe(Named),
    /// Compares all clients with what the target has, and puts right what differs.
    ///
    /// The exit status is 1 if the sweep stopped or failed.
    Sweep {
        /// Only shows what differs.
        #[arg(long)]
        dry_run: bool,
        /// Removes clients there that are unknown here even if they are many.
        #[arg(long, conflicts_with = "dry_run")]
        force: bool,
        /// The target.
        #[command(flatten)]
        target: Named,
    },
    /// Takes over clients that the target had before, under the client ids of ours; shows how they differ.
    ///
    /// They are made equal to ours, with our secrets. The exit status is 1 if one was not taken over.
    #[command(group(ArgGroup::new("which").required(true)))]
    Adopt {
        /// The client id of one client.
        #[arg(long, value_name = "ID", group = "which")]
        client: Option<String>,
        /// All that the target has without our mark, one after the other.
        #[arg(long, group = "which")]
        all: bool,
        /// Only shows how they differ.
        #[arg(long)]
        dry_run: bool,
        /// The target.
        #[command(flatten)]
        target: Named,
    },
    /// Lets a target alone, until `resume`: nothing is asked of it, and what it misses is kept for it.
    Pause(Named),
    /// Goes on with a target after `pause`.
    Resume(Named),
    /// Tries now what the target refused and what failed there.
    Retry(Named),
    /// Removes a target.
    Remove {
        /// What becomes of our clients there; `remove`: the target goes when all of them are gone.
        #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
        clients: Leave,
        /// The target.
        #[command(flatten)]
        target: Named,
    },
}

/// A target of a realm.
#[derive(Clone, Debug, Args)]
pub struct Named {
    /// Name of the target.
    pub name: String,
    /// The realm.
    #[arg(long)]
    pub realm: String,
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}

/// A target as it is to be.
#[derive(Clone, Debug, Args)]
pub struct Add {
    /// What it is: keycloak, hydra, webhook, or a connector of your own.
    #[arg(long, value_name = "CONNECTOR")]
    pub connector: String,
    /// The address that all calls go below, http or https.
    #[arg(long, value_name = "URL")]
    pub url: String,
    /// A setting of the connector, such as realm=demo; a setting that is given several times has several values.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = setting)]
    pub settings: Vec<(String, String)>,
    /// How our calls are authorized [default: client-credentials with a token URL, else the only way that the connector
    /// knows, else none].
    #[arg(long, value_enum, value_name = "TYPE")]
    pub credentials: Option<CredentialsType>,
    /// Our client id (client-credentials), or our user name (basic).
    #[arg(long, value_name = "ID")]
    pub client_id: Option<String>,
    /// Where tokens come from (client-credentials).
    #[arg(long, value_name = "URL")]
    pub token_url: Option<String>,
    /// File with the client secret, the password, the token, or a signing secret (whsec_…) a line
    /// [default: MATRICULA_TARGET_SECRET; a signing secret is made if there is none].
    #[arg(long, value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
    /// Registers no client that this target does not take.
    #[arg(long)]
    pub required: bool,
    /// How long registrations wait for it, in milliseconds, 0 to 10000 [default: 2000].
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u32).range(0..=10_000))]
    pub wait: Option<u32>,
    /// Adds it untried: it need not be there yet.
    #[arg(long)]
    pub no_probe: bool,
    /// The target.
    #[command(flatten)]
    pub target: Named,
}

/// Ways to authorize calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CredentialsType {
    /// Anybody may call.
    None,
    /// A bearer token.
    Bearer,
    /// User name and password.
    Basic,
    /// A token that is fetched with our client id and secret.
    ClientCredentials,
    /// Each call is signed.
    StandardWebhooks,
}

impl CredentialsType {
    /// As documents name it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            CredentialsType::None => "none",
            CredentialsType::Bearer => "bearer",
            CredentialsType::Basic => "basic",
            CredentialsType::ClientCredentials => "client-credentials",
            CredentialsType::StandardWebhooks => "standard-webhooks",
        }
    }
}

/// What becomes of the clients at a target that goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Leave {
    /// The target keeps them.
    #[default]
    Keep,
    /// They are removed there first.
    Remove,
}

/// A setting and its value.
fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("no setting such as realm=demo".to_owned()),
    }
}
