//! What fuzzers call (`tests/fuzz`), and nobody else: each takes anything and must come back. The real parts run; what is
//! left out is the network.

use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use clap::Parser;
use http_body_util::BodyExt;
use matricula_contract::Client;
use matricula_realms::{MASTER, Realm};
use matricula_store::document;
use matricula_system::{clock, ids};
use matricula_wasm::compiler::Compiler;
use tokio::runtime::Runtime;
use tower_service::Service as _;

use crate::app::{self, App};
use crate::config::{Cli, Command};
use crate::keys::Kind;
use crate::policies::amend;
use crate::realm_document::survey;
use crate::tokens::{self, Claims};

/// A server in this process, without connections.
pub struct Server {
    runtime: Runtime,
    routes: Router,
}

impl Server {
    /// Starts a server with these arguments of `matricula serve`.
    ///
    /// # Errors
    /// With what was being done.
    pub fn start(arguments: &[&str]) -> anyhow::Result<Server> {
        let cli = Cli::try_parse_from(["matricula", "serve"].iter().chain(arguments))?;
        let Command::Serve(options) = cli.command else { anyhow::bail!("not the command `serve`") };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let (app, _) = runtime.block_on(App::start(&options, Compiler::Here)).context("starting")?;
        Ok(Server { runtime, routes: app::routes(app) })
    }

    /// The answer to a request with its body.
    ///
    /// # Errors
    /// When the answer ends in the middle of its body.
    pub fn answer(&self, request: Request<Vec<u8>>) -> anyhow::Result<Response<Vec<u8>>> {
        let mut routes = self.routes.clone();
        self.runtime.block_on(async move {
            // A route cannot fail.
            let Ok(answer) = routes.call(request.map(Body::from)).await;
            let (head, body) = answer.into_parts();
            Ok(Response::from_parts(head, body.collect().await?.to_bytes().to_vec()))
        })
    }
}

/// The tokens of a realm, with a server in this process that tells good ones from others.
pub struct Tokens {
    runtime: Runtime,
    app: App,
    realm: Arc<Realm>,
    /// Signed by the realm and good: one of each kind of key, and one of a client.
    pub good: Vec<String>,
    /// Signed by the realm and not good: expired, not good yet, of another issuer.
    pub void: Vec<String>,
    /// Names of the keys that sign with RSA and with HMAC.
    pub kids: [String; 2],
}

impl Tokens {
    /// The address of the realm.
    pub const ISSUER: &str = "https://id.example/realms/master";

    /// Starts a server with these arguments of `matricula serve`, and makes the tokens.
    ///
    /// # Errors
    /// With what was being done.
    pub fn start(arguments: &[&str]) -> anyhow::Result<Tokens> {
        let cli = Cli::try_parse_from(["matricula", "serve"].iter().chain(arguments))?;
        let Command::Serve(options) = cli.command else { anyhow::bail!("not the command `serve`") };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let (app, realm, good, void, kids) = runtime.block_on(async {
            let (app, _) = App::start(&options, Compiler::Here).await.context("starting")?;
            let realm = app.realms.get(MASTER).await?.context("no realm master")?;
            let claims = |typ: &str| Claims {
                exp: Some(0),
                iat: clock::now(),
                jti: ids::fresh(),
                iss: Tokens::ISSUER.to_owned(),
                typ: typ.to_owned(),
                ..Claims::default()
            };
            let hour = 3600;
            let signed = [
                (Kind::Signature, Claims { exp: Some(clock::now() + 24 * hour), ..claims(tokens::kind::BEARER) }),
                (Kind::Secret, claims(tokens::kind::INITIAL_ACCESS)),
                (Kind::Secret, claims(tokens::kind::REGISTRATION_ACCESS)),
                (Kind::Secret, Claims { exp: Some(clock::now() - hour), ..claims(tokens::kind::REFRESH) }),
                (Kind::Secret, Claims { nbf: Some(clock::now() + 24 * hour), ..claims(tokens::kind::REFRESH) }),
                (Kind::Signature, Claims { iss: "https://id.example".to_owned(), ..claims(tokens::kind::BEARER) }),
            ];
            let mut good = Vec::new();
            for (kind, claims) in signed {
                good.push(tokens::sign(&app.keys, &realm, kind, &claims).await?);
            }
            let void = good.split_off(3);
            let (rsa, hmac) =
                (app.keys.active(&realm, Kind::Signature).await?, app.keys.active(&realm, Kind::Secret).await?);
            let kids = [rsa.kid.clone(), hmac.kid.clone()];
            anyhow::Ok((app, realm, good, void, kids))
        })?;
        Ok(Tokens { runtime, app, realm, good, void, kids })
    }

    /// Whether a token is taken for one that the realm signed and that is good now.
    ///
    /// # Errors
    /// When the store has no answer.
    pub fn is_accepted(&self, token: &str) -> anyhow::Result<bool> {
        let verified = self.runtime.block_on(tokens::verify(&self.app, &self.realm, Tokens::ISSUER, token));
        Ok(verified?.is_some())
    }
}

/// Looks through the file of a realm (`matricula realm import`).
pub fn realm_file(file: &[u8]) {
    // A file that is none is refused: only panics count.
    let _ = survey::read(file, 0);
}

/// Amends a client as a policy may ask for, stores it and reads it back. `input` holds the client and the amendment as
/// JSON, one behind the other.
///
/// # Errors
/// When what is read back is not what was stored.
pub fn amended_client(input: &[u8]) -> anyhow::Result<()> {
    let mut values = serde_json::Deserializer::from_slice(input).into_iter::<Client>();
    let (Some(Ok(mut client)), Some(Ok(changes))) = (values.next(), values.next()) else { return Ok(()) };
    let secret = client.secret.clone();
    if amend(&mut client, changes).is_ok() {
        anyhow::ensure!(client.secret == secret, "the secret was amended");
    }
    let stored = document::encode("", &client).map_err(|error| anyhow::anyhow!("{error}"))?;
    let read = document::decode("", stored).map_err(|error| anyhow::anyhow!("{error}"))?;
    anyhow::ensure!(read == client, "another client is read than was stored");
    Ok(())
}

/// Reads a stored client as it may have been damaged.
pub fn stored_client(bytes: &[u8]) {
    let _ = document::decode("", bytes.to_vec());
}
