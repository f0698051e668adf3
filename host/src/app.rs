//! The state that all requests share, and the one table of routes.

use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::routing::{any, get, options, post};
use matricula_network::client_documents::ClientDocuments;
use matricula_network::named::Named;
use matricula_network::names::Names;
use matricula_network::outside::Outside;
use matricula_network::proxies::TrustedProxies;
use matricula_realms::{MASTER, Realm, Realms};
use matricula_store::{Store, keys};
use matricula_system::private_file;
use matricula_wasm::Wasm;
use matricula_wasm::compiler::Compiler;
use matricula_wasm::facts::Sources;
use matricula_wasm::fitness::TrialRules;
use matricula_wasm::waits::Places;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::abuse::{AnonymousLimits, Guesses, WrongCodes};
use crate::approval::expiry;
use crate::approval::pace::Pace;
use crate::authentication::trusted_issuer::TrustedIssuers;
use crate::caller::Caller;
use crate::components::signature::TrustedKeys;
use crate::components::{self, Components};
use crate::config::Serve;
use crate::error::ErrorResponse;
use crate::front_door::Documents;
use crate::gate::memory::Gate;
use crate::keys::Keys;
use crate::keys::rsa::RsaKeys;
use crate::life_cycle::jobs::Jobs;
use crate::life_cycle::uses::Uses;
use crate::metrics::Metrics;
use crate::policies::ClientCounts;
use crate::targets::deliveries::Deliveries;
use crate::targets::runner::Runner;
use crate::tokens::KnownTokens;
use crate::{
    admin, authorization_endpoint, console, cors, description, discovery, first_start, gate, headers, health, panics,
    protocol_mappers, registration, token_endpoint, web,
};

/// What every request may use. Cloning it is cheap: each request does so several times.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

/// The parts of an [`App`].
pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) realms: Realms,
    pub(crate) keys: Keys,
    pub(crate) known_tokens: KnownTokens,
    pub(crate) rsa_keys: RsaKeys,
    pub(crate) trusted_issuers: TrustedIssuers,
    pub(crate) wasm: Wasm,
    pub(crate) components: Components,
    pub(crate) metrics: Metrics,
    pub(crate) anonymous_limits: AnonymousLimits,
    pub(crate) client_counts: ClientCounts,
    pub(crate) guesses: Guesses,
    pub(crate) wrong_codes: WrongCodes,
    pub(crate) pace: Pace,
    pub(crate) deliveries: Deliveries,
    pub(crate) uses: Uses,
    pub(crate) jobs: Jobs,
    pub(crate) documents: Documents,
    pub(crate) client_documents: ClientDocuments,
    pub(crate) gate: Gate,
    proxies: TrustedProxies,
    /// Replaces scheme, host and port of requests, without a slash at the end.
    public_url: Option<String>,
}

/// The other end of the connection that a request came over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    /// Its address.
    pub(crate) address: IpAddr,
    /// The connection is encrypted.
    pub(crate) tls: bool,
}

impl Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl App {
    /// Opens the store, loads the components, and makes realm `master` on the first start.
    ///
    /// # Errors
    /// With what was being done, for the operator.
    pub(crate) async fn start(
        options: &Serve,
        compiler: Compiler,
    ) -> anyhow::Result<(App, Option<first_start::Administrator>)> {
        // Secrets and keys lie in it: nobody else may look.
        private_file::make_folder(&options.data)
            .with_context(|| format!("making the folder {}", options.data.display()))?;
        let store = Store::open(&options.database_url()).await?;
        let rsa_keys = RsaKeys::start()?;
        let names = Names::from_system()?;
        let outside = Outside::new(options.allow_private_fetch, names.clone())?;
        let documents = Documents::new(Named::new(names.clone())?, store.clone());
        let client_documents = ClientDocuments::new(options.allow_private_fetch, names.clone())?;
        let sources = Sources {
            database: store.database.clone(),
            names: names.clone(),
            outside: outside.clone(),
            places: Places::default(),
            protocol_mapper_types: Arc::new(protocol_mappers::types()),
        };
        let from = components::Options {
            data: &options.data,
            compiler,
            folder: options.policies_folder(),
            keys: TrustedKeys::read(&options.component_keys)?,
            trial: TrialRules { calls: options.trial_calls, failures_percent: options.trial_failures },
            versions: options.component_versions as usize,
        };
        let components = Components::start(from, store.clone(), sources).await?;
        let metrics = Metrics::new(components.clone(), store.clone());
        let realms = Realms::new(store.database.clone());
        let runner = Runner::new(components.wasm().instances.clone(), names, metrics.target_calls())?;
        let deliveries = Deliveries::start(store.clone(), realms.clone(), components.wasm().clone(), runner);
        let app = App(Arc::new(Shared {
            realms,
            keys: Keys::new(store.clone(), rsa_keys.clone()),
            known_tokens: KnownTokens::none(),
            rsa_keys,
            trusted_issuers: TrustedIssuers::new(outside, documents.clone()),
            wasm: components.wasm().clone(),
            metrics,
            components,
            anonymous_limits: AnonymousLimits::new(options.anonymous_per_address, options.anonymous_per_realm),
            client_counts: ClientCounts::none(),
            guesses: Guesses::none(),
            wrong_codes: WrongCodes::none(),
            pace: Pace::new(),
            deliveries: deliveries.await.context("reading the targets")?,
            uses: Uses::start(store.clone()),
            jobs: Jobs::new(),
            documents,
            client_documents,
            gate: Gate::default(),
            proxies: TrustedProxies::new(options.trusted_proxies.clone(), options.proxy_headers),
            public_url: options.public_url.as_deref().map(|url| url.trim_end_matches('/').to_owned()),
            store,
        }));
        let (realms, keys, components) = (app.realms.clone(), app.keys.clone(), app.components.clone());
        let (deliveries, gate) = (app.deliveries.clone(), app.gate.clone());
        let (followers, database) = (app.store.followers.clone(), app.store.database.clone());
        app.store.database.follow(move |change| {
            followers.announced(&change, &database);
            realms.announced(&change);
            deliveries.announced(&change);
            gate.announced(&change);
            keys.changed(&change);
            components.announced(&change);
        });
        tokio::spawn(expiry::run(app.store.clone(), app.realms.clone(), app.deliveries.clone()));
        let administrator = first_start::make_master(&app, options).await?;
        app.jobs.begin(&app);
        // Without the master key that they were encrypted with nothing would work: better not to start.
        if let Some(master) = app.realms.get(MASTER).await.context("looking for realm master")? {
            keys::list(&app.store.database, &master.id).await.context("reading the keys of realm master")?;
        }
        Ok((app, administrator))
    }

    /// The sender of a request.
    ///
    /// # Errors
    /// 400 when the request does not name its host as it must.
    pub(crate) fn caller(&self, request: &Request) -> Result<Caller, ErrorResponse> {
        // The server tells the peer of every connection; a request without one came from this process.
        let peer = request.extensions().get::<Peer>().copied();
        let peer = peer.unwrap_or(Peer { address: IpAddr::from([127, 0, 0, 1]), tls: false });
        Caller::of(peer, &self.proxies, request)
    }

    /// Address of the server as a caller sees it, without a slash at the end.
    pub(crate) fn base_url(&self, realm: &Realm, caller: &Caller) -> String {
        realm.frontend_url().map_or_else(|| self.own_url(caller), str::to_owned)
    }

    /// The same without the realm's `frontendUrl`.
    pub(crate) fn own_url(&self, caller: &Caller) -> String {
        self.public_url.as_ref().unwrap_or(&caller.asked).clone()
    }

    /// Address of a realm: the `iss` of its tokens.
    pub(crate) fn issuer(&self, realm: &Realm, caller: &Caller) -> String {
        format!("{}/realms/{}", self.base_url(realm, caller), realm.name)
    }
}

/// The preflights of what scripts of other origins call. Registration answers its own.
fn preflights() -> Router<App> {
    let read = [
        "/realms/{realm}",
        "/realms/{realm}/protocol/openid-connect/certs",
        "/realms/{realm}/.well-known/openid-configuration",
        "/realms/{realm}/.well-known/oauth-authorization-server",
        "/.well-known/oauth-authorization-server/realms/{realm}",
        "/.well-known/openid-configuration/realms/{realm}",
    ];
    let posted = ["token", "revoke", "logout"].map(|name| format!("/realms/{{realm}}/protocol/openid-connect/{name}"));
    let routes = read.into_iter().fold(Router::new(), |routes, path| routes.route(path, options(cors::before_reading)));
    posted.iter().fold(routes, |routes, path| routes.route(path, options(cors::before_posting)))
}

/// Every route of the server.
pub(crate) fn routes(app: App) -> Router {
    // What anybody may read, from wherever.
    let public = OpenApiRouter::new()
        .routes(routes!(discovery::certs))
        .routes(routes!(discovery::realm))
        .routes(routes!(discovery::openid_configuration))
        .routes(routes!(discovery::oauth_authorization_server))
        .routes(routes!(discovery::oauth_authorization_server_of_path))
        .routes(routes!(discovery::openid_configuration_of_path))
        .route_layer(axum::middleware::from_fn(cors::public));
    // The Admin API: administrators and their tools.
    let (admin, description) = OpenApiRouter::with_openapi(description::begin())
        .routes(routes!(admin::realms::list, admin::realms::create))
        .routes(routes!(admin::realms::read, admin::realms::update, admin::realms::delete))
        .routes(routes!(admin::clients::list, admin::clients::create))
        .routes(routes!(admin::clients::read, admin::clients::update, admin::clients::delete))
        .routes(routes!(admin::client_changes::list))
        .routes(routes!(admin::client_use::report))
        .routes(routes!(admin::life::read))
        .routes(routes!(admin::life_cycle::evaluate))
        .routes(routes!(admin::life_cycle::run))
        .routes(routes!(admin::client_jobs::list, admin::client_jobs::create))
        .routes(routes!(admin::client_jobs::read, admin::client_jobs::stop))
        .routes(routes!(admin::clients::registration_access_token))
        .routes(routes!(admin::clients::secret, admin::clients::new_secret))
        .routes(routes!(admin::clients::end_rotated_secret))
        .routes(routes!(admin::clients::service_account_user))
        .routes(routes!(admin::clients::add_protocol_mapper))
        .routes(routes!(admin::clients::add_default_scope))
        .routes(routes!(admin::roles::list, admin::roles::create))
        .routes(routes!(admin::roles::read))
        .routes(routes!(admin::users::list, admin::users::create))
        .routes(routes!(admin::users::count))
        .routes(routes!(admin::users::read, admin::users::update, admin::users::delete))
        .routes(routes!(admin::users::reset_password))
        .routes(routes!(admin::role_mappings::list, admin::role_mappings::add, admin::role_mappings::remove))
        .routes(routes!(admin::initial_access_tokens::list, admin::initial_access_tokens::create))
        .routes(routes!(admin::initial_access_tokens::delete))
        .routes(routes!(admin::client_scopes::list, admin::client_scopes::create))
        .routes(routes!(admin::client_scopes::make_optional, admin::client_scopes::make_unassigned))
        .routes(routes!(admin::policies::list, admin::policies::create))
        .routes(routes!(admin::policies::read, admin::policies::update, admin::policies::delete))
        .routes(routes!(admin::policies::providers))
        .routes(routes!(admin::policy_profiles::put))
        .routes(routes!(admin::dry_run::evaluate))
        .routes(routes!(admin::decisions::list))
        .routes(routes!(admin::figures::read))
        .routes(routes!(admin::limits::read))
        .routes(routes!(admin::origin::read))
        .routes(routes!(admin::held::approve))
        .routes(routes!(admin::held::refuse))
        .routes(routes!(admin::client_approvals::list))
        .routes(routes!(admin::client_approvals::read))
        .routes(routes!(admin::client_approvals::approve))
        .routes(routes!(admin::client_approvals::refuse))
        .routes(routes!(admin::hibernation::hibernate))
        .routes(routes!(admin::hibernation::revive))
        .routes(routes!(admin::targets::connectors::list))
        .routes(routes!(admin::targets::list, admin::targets::create))
        .routes(routes!(admin::targets::read, admin::targets::update, admin::targets::delete))
        .routes(routes!(admin::targets::probe::probe))
        .routes(routes!(admin::targets::pause))
        .routes(routes!(admin::targets::resume))
        .routes(routes!(admin::targets::sweeps::sweep))
        .routes(routes!(admin::targets::sweeps::list))
        .routes(routes!(admin::targets::sweeps::read))
        .routes(routes!(admin::targets::adopt::adopt))
        .routes(routes!(admin::targets::deliveries::retry))
        .routes(routes!(admin::targets::deliveries::list))
        .routes(routes!(admin::targets::deliveries::of_client))
        .routes(routes!(admin::targets::deliveries::retry_one))
        .routes(routes!(admin::targets::deliveries::forget))
        .routes(routes!(admin::client_policies::profiles, admin::client_policies::replace_profiles))
        .routes(routes!(admin::client_policies::policies, admin::client_policies::replace_policies))
        .routes(routes!(admin::client_policies::providers))
        .routes(routes!(admin::events::list, admin::events::delete))
        .routes(routes!(admin::events::configure))
        // The same for the server as a whole.
        .routes(routes!(admin::component_files::list))
        .routes(routes!(admin::component_files::upload, admin::component_files::remove))
        .routes(routes!(admin::component_files::activate))
        .routes(routes!(admin::component_files::watch, admin::component_files::unwatch))
        .routes(routes!(admin::component_files::limit))
        .routes(routes!(admin::component_files::compare))
        .routes(routes!(admin::component_files::download, admin::component_files::remove_version))
        // The realm's own endpoints: clients and users, and scripts of theirs.
        .routes(routes!(token_endpoint::token))
        .routes(routes!(token_endpoint::revoke))
        .routes(routes!(token_endpoint::logout))
        .merge(public)
        // The console's session.
        .routes(routes!(console::sign_in, console::read, console::sign_out))
        // Operation.
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .split_for_parts();
    let description = description::complete(description);
    let gates = gate::PATHS.iter().fold(Router::new(), |routes, path| routes.route(path, any(gate::serve)));
    let routes = admin
        .merge(gates)
        // Registration: it answers every method itself, as the order of its checks is part of the contract.
        .route("/realms/{realm}/clients-registrations/{*rest}", any(registration::serve))
        // Where a target may have this name, too: what is not a POST is about that one.
        .route("/admin/realms/{realm}/targets/{name}", post(admin::targets::probe::probe_unstored))
        // For people, and it succeeds for nobody: no part of the description.
        .route(&format!("/realms/{{realm}}/{}", authorization_endpoint::PATH), any(authorization_endpoint::answer))
        .route("/openapi.json", get(move || description::show(Arc::clone(&description))))
        // What browsers ask before scripts of other origins may.
        .merge(preflights())
        // Pages for browsers.
        .merge(web::routes());
    finish(app, routes)
}

/// What holds for every route.
pub(crate) fn finish(app: App, routes: Router<App>) -> Router {
    routes
        .fallback(async || ErrorResponse::framework(StatusCode::NOT_FOUND))
        .method_not_allowed_fallback(async || ErrorResponse::framework(StatusCode::METHOD_NOT_ALLOWED))
        .layer(panics::catch(app.metrics.clone()))
        .layer(axum::middleware::from_fn_with_state(app.clone(), headers::finish))
        .with_state(app)
}
