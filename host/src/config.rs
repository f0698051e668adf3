//! The command line and every option: flags win over the environment, the environment over `matricula.toml`.

pub mod connector;
pub mod target;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::builder::{FalseyValueParser, OsStr};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use ipnet::IpNet;
use matricula_network::proxies::ProxyHeaders;
use matricula_wasm::compiler::{COMMAND, MEMORY_MIB};

use crate::abuse::Rate;
use connector::ConnectorCommand;
use target::TargetCommand;

/// A client registration service for OAuth 2.0, OpenID Connect and SAML: what Keycloak's offers, on the same wire.
#[derive(Debug, Parser)]
#[command(
    name = "matricula",
    version,
    after_help = "Options also come from the environment, under the names in brackets, and from matricula.toml, under\n\
        their own names and without sections. Flags win over the environment, the environment wins over the file.\n\n\
        Start with `matricula serve`: it prints what to try next."
)]
pub struct Cli {
    /// A file with options [default: matricula.toml, if there is one].
    #[arg(long, global = true, env = "MATRICULA_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Starts the server.
    Serve(Box<Serve>),
    /// Makes and lists realms of a running server.
    Realm {
        /// What to do with realms.
        #[command(subcommand)]
        command: RealmCommand,
    },
    /// Makes, lists and revokes initial access tokens, which let software register clients.
    Token {
        /// What to do with initial access tokens.
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// Lists the registration policies of a realm; makes, checks and tries policies of one's own.
    Policy {
        /// What to do with policies.
        #[command(subcommand)]
        command: PolicyCommand,
    },
    /// Uploads, lists, compares and switches components: the files that policies and providers are in.
    Component {
        /// What to do with components.
        #[command(subcommand)]
        command: ComponentCommand,
    },
    /// Adds, lists, tries, compares and removes targets: what must know the clients of a realm.
    Target {
        /// What to do with targets.
        #[command(subcommand)]
        command: TargetCommand,
    },
    /// Makes, checks and tries connectors of one's own: how one kind of target wants its clients.
    Connector {
        /// What to do with connectors.
        #[command(subcommand)]
        command: ConnectorCommand,
    },
    /// Copies the embedded database to a new file; a server may run meanwhile.
    Backup(File),
    /// Puts a backup where the embedded database was; no server may run.
    Restore(File),
    /// Encrypts what is stored with MATRICULA_MASTER_KEY, after that was set or replaced; a server may run meanwhile.
    Encrypt(Place),
    /// Compiles a component from standard input to standard output; the server starts it.
    #[command(hide = true, name = COMMAND)]
    CompileComponent {
        /// With one thread of a low priority.
        #[arg(long)]
        gently: bool,
        /// Memory that it may take, in MiB.
        #[arg(long, default_value_t = MEMORY_MIB)]
        memory_mib: u32,
    },
}

/// The database of a server.
#[derive(Clone, Debug, Args)]
pub struct Place {
    /// The database: sqlite://FILE, or postgres://USER:PASSWORD@HOST/DATABASE [default: sqlite://DATA/matricula.db].
    #[arg(long, env = "MATRICULA_DATABASE", hide_env_values = true, value_name = "URL")]
    pub database: Option<String>,

    /// Folder of the embedded database and of compiled components.
    #[arg(long, env = "MATRICULA_DATA", default_value = "data", value_name = "FOLDER")]
    pub data: PathBuf,
}

impl Place {
    /// Where everything is kept.
    pub(crate) fn database_url(&self) -> String {
        database_url(self.database.as_deref(), &self.data)
    }
}

/// A backup and the database that it is of.
#[derive(Clone, Debug, Args)]
pub struct File {
    /// The backup.
    pub file: PathBuf,
    /// The database.
    #[command(flatten)]
    pub place: Place,
}

fn database_url(database: Option<&str>, data: &Path) -> String {
    database.map_or_else(|| format!("sqlite://{}", data.join("matricula.db").display()), str::to_owned)
}

/// Options of the server.
#[derive(Clone, Debug, Args)]
pub struct Serve {
    /// Address and port to listen on; port 0 takes a free one.
    #[arg(long, env = "MATRICULA_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    pub listen: SocketAddr,

    /// Where everything is kept: sqlite://FILE, or postgres://USER:PASSWORD@HOST/DATABASE, which several nodes may share
    /// [default: sqlite://DATA/matricula.db].
    #[arg(long, env = "MATRICULA_DATABASE", hide_env_values = true, value_name = "URL")]
    pub database: Option<String>,

    /// Folder for the embedded database and for compiled components.
    #[arg(long, env = "MATRICULA_DATA", default_value = "data", value_name = "FOLDER")]
    pub data: PathBuf,

    /// Folder with component files (*.wasm), policies and providers of your own; what is added, replaced or removed there
    /// counts at once [default: DATA/policies].
    #[arg(long, env = "MATRICULA_POLICIES", value_name = "FOLDER")]
    pub policies: Option<PathBuf>,

    /// Ed25519 public key (PEM) whose owner signs components; with any, unsigned ones are refused. May be given several
    /// times.
    #[arg(long = "component-key", env = "MATRICULA_COMPONENT_KEY", value_delimiter = ',', value_name = "FILE")]
    pub component_keys: Vec<PathBuf>,

    /// Calls during which a component that has replaced another is on trial; 0: it is not.
    #[arg(long, env = "MATRICULA_TRIAL_CALLS", default_value_t = 100, value_name = "NUMBER")]
    pub trial_calls: u32,

    /// Share of these calls that may fail, in percent; with more the old version is put back.
    #[arg(long, env = "MATRICULA_TRIAL_FAILURES", default_value_t = 5, value_name = "PERCENT",
        value_parser = clap::value_parser!(u32).range(0..=100))]
    pub trial_failures: u32,

    /// Uploaded versions of a component that are kept beside those that decide, decided before or are watched; older ones
    /// go with the next upload.
    #[arg(long, env = "MATRICULA_COMPONENT_VERSIONS", default_value_t = 10, value_name = "NUMBER",
        value_parser = clap::value_parser!(u32).range(1..))]
    pub component_versions: u32,

    /// Address of the server as callers see it, where it is not that of their requests.
    #[arg(long, env = "MATRICULA_PUBLIC_URL", value_name = "URL", value_parser = web_address)]
    pub public_url: Option<String>,

    /// Proxies whose word about the caller counts; may be given several times.
    #[arg(long = "trusted-proxy", env = "MATRICULA_TRUSTED_PROXY", value_delimiter = ',', value_name = "CIDR", value_parser = network)]
    pub trusted_proxies: Vec<IpNet>,

    /// Headers in which these proxies tell of the caller: X-Forwarded-For, -Proto, -Host and -Port, or Forwarded. The
    /// other ones are ignored, whoever sends them.
    #[arg(long, env = "MATRICULA_PROXY_HEADERS", value_enum, default_value_t, value_name = "FAMILY")]
    pub proxy_headers: ProxyHeaders,

    /// Address for /metrics (Prometheus); without it there are none.
    #[arg(long, env = "MATRICULA_METRICS", value_name = "ADDRESS")]
    pub metrics: Option<SocketAddr>,

    /// Collector of OpenTelemetry that takes traces (OTLP over HTTP), such as http://127.0.0.1:4318; without it none are
    /// made.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL", value_parser = collector)]
    pub otlp_endpoint: Option<String>,

    /// Certificate to speak HTTPS with, and its chain (PEM); read again when the file changes.
    #[arg(long, env = "MATRICULA_TLS_CERTIFICATE", value_name = "FILE")]
    pub tls_certificate: Option<PathBuf>,

    /// The certificate's private key (PEM).
    #[arg(long, env = "MATRICULA_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,

    /// Connections that may be open at the same time; who comes after them waits.
    #[arg(long, env = "MATRICULA_MAX_CONNECTIONS", default_value_t = 16_384, value_name = "NUMBER",
        value_parser = clap::value_parser!(u32).range(1..))]
    pub max_connections: u32,

    /// How often one address may register clients without a token, such as 20/hour; realms may set their own
    /// [default: no limit].
    #[arg(long, env = "MATRICULA_ANONYMOUS_PER_ADDRESS", value_name = "RATE")]
    pub anonymous_per_address: Option<Rate>,

    /// How often clients may be registered without a token in one realm [default: no limit].
    #[arg(long, env = "MATRICULA_ANONYMOUS_PER_REALM", value_name = "RATE")]
    pub anonymous_per_realm: Option<Rate>,

    /// Lets documents that clients name (sector_identifier_uri) come over plain HTTP and from private addresses, and Client
    /// ID Metadata Documents from this machine.
    #[arg(long, env = "MATRICULA_ALLOW_PRIVATE_FETCH", value_parser = FalseyValueParser::new())]
    pub allow_private_fetch: bool,

    /// Name of the first administrator of realm master; counts at the first start only.
    #[arg(long, env = "MATRICULA_ADMIN_USER", default_value = "admin", value_name = "NAME")]
    pub admin_user: String,

    /// Password of the first administrator; without it one is made and printed once. Counts at the first start only.
    #[arg(long, env = "MATRICULA_ADMIN_PASSWORD", hide_env_values = true, value_name = "PASSWORD")]
    pub admin_password: Option<String>,
}

impl Serve {
    /// The drop folder.
    pub(crate) fn policies_folder(&self) -> PathBuf {
        self.policies.clone().unwrap_or_else(|| self.data.join("policies"))
    }

    /// Where everything is kept.
    pub(crate) fn database_url(&self) -> String {
        database_url(self.database.as_deref(), &self.data)
    }

    /// Who takes traces.
    pub(crate) fn collector(&self) -> Option<&str> {
        self.otlp_endpoint.as_deref().filter(|endpoint| !endpoint.is_empty())
    }
}

/// A network, or a single address.
fn network(text: &str) -> Result<IpNet, String> {
    text.parse::<IpNet>()
        .or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from))
        .map_err(|_| "neither an address nor a network such as 10.0.0.0/8".to_owned())
}

/// An address of the web, without a slash at the end.
fn web_address(text: &str) -> Result<String, String> {
    match reqwest::Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none() => {
            Ok(text.trim_end_matches('/').to_owned())
        }
        _ => Err("no address such as https://id.example".to_owned()),
    }
}

/// An address of the web, or nothing: OpenTelemetry wants an empty variable to be like none.
fn collector(text: &str) -> Result<String, String> {
    if text.is_empty() { Ok(String::new()) } else { web_address(text) }
}

/// A running server, and who asks it.
#[derive(Clone, Debug, Args)]
pub struct Connection {
    /// The running server.
    #[arg(long, env = "MATRICULA_SERVER", default_value = "http://127.0.0.1:8080", value_name = "URL")]
    pub server: String,

    /// An administrator of realm master.
    #[arg(long, env = "MATRICULA_ADMIN_USER", default_value = "admin", value_name = "NAME")]
    pub user: String,

    /// The administrator's password; without it you are asked.
    #[arg(long, env = "MATRICULA_ADMIN_PASSWORD", hide_env_values = true, value_name = "PASSWORD")]
    pub password: Option<String>,
}

/// What can be done with realms.
#[derive(Debug, Subcommand)]
pub enum RealmCommand {
    /// Makes a realm with the default policies: anonymous registration is closed.
    Create {
        /// Its name, as in the address.
        name: String,
        /// The server.
        #[command(flatten)]
        connection: Connection,
    },
    /// Lists the realms.
    List {
        /// The server.
        #[command(flatten)]
        connection: Connection,
    },
    /// Stores the realm of a file, as Keycloak and `realm export` write it, in the database; no server is needed.
    ///
    /// Nothing that is there is changed. Run again after it was cut short, it goes on: what is there with the same content
    /// is passed over. What is not stored is told with its place and the reason; the exit status is 1 then.
    Import(Import),
    /// Writes a realm with all its clients and their secrets to a file; no server is needed.
    Export(Export),
}

/// What to import, and where to.
#[derive(Clone, Debug, Args)]
pub struct Import {
    /// The realm's file (JSON); `-` reads standard input.
    pub file: PathBuf,
    /// Another name for the realm.
    #[arg(long, value_name = "NAME")]
    pub realm: Option<String>,
    /// Writes what was not stored to this file too: a JSON object a line.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// The database.
    #[command(flatten)]
    pub offline: Offline,
}

/// What to export, and where to.
#[derive(Clone, Debug, Args)]
pub struct Export {
    /// The realm.
    pub name: String,
    /// The file, which only you may read [default: standard output].
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// The database.
    #[command(flatten)]
    pub offline: Offline,
}

/// Where a server keeps everything, for commands that work without one: give what `serve` is given.
#[derive(Clone, Debug, Args)]
pub struct Offline {
    /// The database.
    #[command(flatten)]
    pub place: Place,

    /// Folder with component files of your own [default: DATA/policies].
    #[arg(long, env = "MATRICULA_POLICIES", value_name = "FOLDER")]
    pub policies: Option<PathBuf>,

    /// Ed25519 public key (PEM) whose owner signs components. May be given several times.
    #[arg(long = "component-key", env = "MATRICULA_COMPONENT_KEY", value_delimiter = ',', value_name = "FILE")]
    pub component_keys: Vec<PathBuf>,
}

/// What can be done with initial access tokens.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Makes a token and prints it. It is shown this once.
    Create {
        /// The realm to register clients in.
        #[arg(long)]
        realm: String,
        /// How many clients can be registered with it.
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=i64::from(i32::MAX)))]
        count: u32,
        /// How long it is good for, in seconds; 0 = for ever.
        #[arg(long, default_value_t = 0, value_name = "SECONDS",
            value_parser = clap::value_parser!(u32).range(0..=i64::from(i32::MAX)))]
        expiration: u32,
        /// The server.
        #[command(flatten)]
        connection: Connection,
    },
    /// Lists the tokens of a realm, spent and expired ones too; never the tokens themselves.
    List {
        /// The realm.
        #[arg(long)]
        realm: String,
        /// The server.
        #[command(flatten)]
        connection: Connection,
    },
    /// Deletes a token: it is refused from then on.
    Revoke {
        /// The token's id, as `token list` shows it.
        id: String,
        /// The realm.
        #[arg(long)]
        realm: String,
        /// The server.
        #[command(flatten)]
        connection: Connection,
    },
}

/// What can be done with policies.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Lists the registration policies of a realm in the order in which they run.
    List {
        /// The realm.
        #[arg(long)]
        realm: String,
        /// The server.
        #[command(flatten)]
        connection: Connection,
    },
    /// Makes a folder to start from: a rule, its cases, and the command that builds it.
    New {
        /// Its name, which is also the folder's: lower-case letters, digits and hyphens.
        name: String,
        /// The language to write it in.
        #[arg(long, value_enum)]
        language: Language,
        /// What it is.
        #[arg(long, value_enum, default_value_t = Kind::Policy)]
        kind: Kind,
    },
    /// Makes a component of a module that cargo built for wasm32-unknown-unknown.
    Wrap {
        /// The module.
        module: PathBuf,
        /// The component's file.
        #[arg(long, short, value_name = "FILE")]
        output: PathBuf,
    },
    /// Says whether a server can use a component of any kind, and if not, why; tries it with an empty client.
    Check {
        /// The component.
        file: PathBuf,
    },
    /// Asks a policy, condition, executor or provider about a request; prints the answer and what that took.
    Run {
        /// The component.
        file: PathBuf,
        /// The request: a case (tests/cases/README.md says what is in it), `name` and `expected` may be absent.
        #[arg(long, value_name = "FILE")]
        request: PathBuf,
        /// Settings of the policy, instead of the request's: a JSON object of lists.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Runs cases: requests with the answer that is expected.
    Test {
        /// The component.
        file: PathBuf,
        /// Files with cases, or folders of such files [default: the folder `cases` beside the component].
        cases: Vec<PathBuf>,
    },
}

/// Languages in which policies can be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// With cargo: the smallest and fastest components.
    Rust,
    /// With npm and componentize-qjs.
    Javascript,
    /// With pip and componentize-py: the largest components.
    Python,
}

/// What can be made of a new folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// A registration policy.
    Policy,
    /// A condition of client policies.
    Condition,
    /// An executor of client policies.
    Executor,
    /// A registration provider: a kind of document.
    Provider,
    /// A connector: a kind of target. `matricula connector new` makes it.
    #[value(skip)]
    Connector,
}

/// What can be done with components.
#[derive(Debug, Subcommand)]
pub enum ComponentCommand {
    /// Lists the components: state, calls, refusals, failures, and how long calls take.
    List {
        /// The server.
        #[command(flatten)]
        connection: Connection,
    },
    /// Lists the versions of a component, the newest upload first: which one decides, which one is watched.
    Versions {
        /// Name of the component.
        name: String,
        /// The server.
        #[command(flatten)]
        connection: Connection,
    },
    /// Lets a version be watched: its policies are asked beside those that decide, and what they say is recorded.
    #[command(visible_alias = "shadow")]
    Watch {
        /// Name of the component.
        name: String,
        /// The version: its digest or the beginning of it; absent: the newest of those that don't decide.
        digest: Option<String>,
        /// Ends the watch.
        #[arg(long, conflicts_with = "digest")]
        end: bool,
        /// The server.
        #[command(flatten)]
        connection: Connection,
    },
    /// Uploads a version, which decides from then on.
    Put {
        /// Name of the component.
        name: String,
        /// The component file (*.wasm).
        file: PathBuf,
        /// File with the signature: Ed25519 of the component file, Base64.
        #[arg(long, value_name = "FILE")]
        signature: Option<PathBuf>,
        /// Only stores it; watch or compare it, then activate it with `rollback --to`.
        #[arg(long)]
        inactive: bool,
        /// Also if policies that realms use would go.
        #[arg(long)]
        force: bool,
        /// The server.
        #[command(flatten)]
        connection: Connection,
    },
    /// Replays recorded registrations against a version and prints which decisions would change.
    Compare {
        /// Name of the component.
        name: String,
        /// The version: its digest or the beginning of it.
        digest: String,
        /// How many of the last registrations.
        #[arg(long, default_value_t = 1000)]
        last: u32,
        /// The server.
        #[command(flatten)]
        connection: Connection,
    },
    /// Goes back to the version that decided before, or to another one.
    Rollback {
        /// Name of the component.
        name: String,
        /// The version: its digest or the beginning of it; absent: the one that decided before.
        #[arg(long, value_name = "DIGEST")]
        to: Option<String>,
        /// Also if policies that realms use would go.
        #[arg(long)]
        force: bool,
        /// The server.
        #[command(flatten)]
        connection: Connection,
    },
    /// Sets what a component may use; what is left out is as for every component.
    Limit {
        /// Name of the component.
        name: String,
        /// Wall time of a call in milliseconds, 10 to 10000.
        #[arg(long, value_name = "NUMBER")]
        call_millis: Option<u32>,
        /// Memory of an instance in MiB, 1 to 256.
        #[arg(long, value_name = "NUMBER")]
        memory_mib: Option<u32>,
        /// The server.
        #[command(flatten)]
        connection: Connection,
    },
    /// Removes a component, or one version of it.
    Remove {
        /// Name of the component.
        name: String,
        /// The version: its digest or the beginning of it; absent: all.
        #[arg(long, value_name = "DIGEST")]
        version: Option<String>,
        /// Also if realms use it; their requests are refused then.
        #[arg(long)]
        force: bool,
        /// The server.
        #[command(flatten)]
        connection: Connection,
    },
}

impl Cli {
    /// Reads the command line, the environment and the configuration file. Ends the process for `--help` and mistakes
    /// on the command line.
    ///
    /// # Errors
    /// When the file cannot be read or has a key that is no option.
    pub fn read() -> anyhow::Result<Cli> {
        let mut command = Cli::command();
        if let Some((file, table)) = options_of_file()? {
            let names = option_names(&command);
            for (key, value) in table {
                if !names.contains(&key) {
                    bail!("{}: there is no option {key:?}", file.display());
                }
                let values = texts(&value).with_context(|| format!("{}: {key}", file.display()))?;
                command = with_default(command, &key, &values);
            }
        }
        Ok(Cli::from_arg_matches(&command.get_matches())?)
    }
}

/// The configuration file and what it says, if there is one.
fn options_of_file() -> anyhow::Result<Option<(PathBuf, toml::Table)>> {
    let mut arguments = std::env::args_os().skip(1).collect::<Vec<_>>().into_iter();
    if arguments.clone().take(2).eq(["policy", "run"].map(OsString::from)) {
        // Its `--config` names the settings of a policy.
        arguments.by_ref().for_each(drop);
    }
    let given = std::iter::from_fn(|| arguments.next()).find_map(|argument| match argument.to_str() {
        Some("--config") => Some(None),
        Some(text) => text.strip_prefix("--config=").map(|file| Some(OsString::from(file))),
        None => None,
    });
    // The file follows as an argument of its own, or behind the equals sign.
    let given = given.and_then(|file| file.or_else(|| arguments.next()));
    let named = given.or_else(|| std::env::var_os("MATRICULA_CONFIG")).map(PathBuf::from);
    let file = named.clone().unwrap_or_else(|| Path::new("matricula.toml").to_owned());
    match std::fs::read_to_string(&file) {
        Ok(text) => {
            let table = text.parse().with_context(|| format!("reading {}", file.display()))?;
            Ok(Some((file, table)))
        }
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("reading {}", file.display())),
    }
}

/// A value of the file as it would stand on the command line.
fn texts(value: &toml::Value) -> anyhow::Result<Vec<String>> {
    Ok(match value {
        toml::Value::String(text) => vec![text.clone()],
        toml::Value::Integer(number) => vec![number.to_string()],
        toml::Value::Boolean(flag) => vec![flag.to_string()],
        toml::Value::Array(list) => list.iter().map(texts).collect::<Result<Vec<_>, _>>()?.concat(),
        _ => bail!("a text, a number, true, false or a list of texts is expected"),
    })
}

/// Names of all options, those of subcommands included.
fn option_names(command: &clap::Command) -> Vec<String> {
    let own = command.get_arguments().filter_map(clap::Arg::get_long).map(str::to_owned);
    own.chain(command.get_subcommands().flat_map(option_names)).collect()
}

/// The commands with a default from the file wherever they have the option.
fn with_default(mut command: clap::Command, key: &str, values: &[String]) -> clap::Command {
    let has = command.get_arguments().find(|argument| argument.get_long() == Some(key)).map(|it| it.get_id().clone());
    if let Some(id) = has {
        command = command.mut_arg(id, |argument| {
            argument.default_values(values.iter().cloned().map(OsStr::from).collect::<Vec<_>>())
        });
    }
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    for name in names {
        command = command.mut_subcommand(name, |sub| with_default(sub, key, values));
    }
    command
}
