//! A fault of the server's own that ends a request: its caller gets 500, operators a line in the log and a figure, and
//! nobody else notices.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::PanicHookInfo;

use axum::http::Response;
use axum::response::IntoResponse as _;
use tower_http::catch_panic::{CatchPanicLayer, ResponseForPanic};

use crate::error::ErrorResponse;
use crate::metrics::Metrics;

/// Answers for handlers that panic.
#[derive(Clone)]
pub(crate) struct Caught(Metrics);

/// The layer that catches panics of handlers.
pub(crate) fn catch(metrics: Metrics) -> CatchPanicLayer<Caught> {
    CatchPanicLayer::custom(Caught(metrics))
}

impl ResponseForPanic for Caught {
    type ResponseBody = axum::body::Body;

    /// The panic itself is logged where it happens ([`log`]), with the place and the request's id.
    fn response_for_panic(&mut self, _: Box<dyn Any + Send>) -> Response<Self::ResponseBody> {
        self.0.panicked();
        ErrorResponse::server_error().into_response()
    }
}

/// Lets panics go to the log as everything else does.
pub(crate) fn log() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let backtrace = Backtrace::capture();
        let backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
        tracing::error!(place, backtrace, "a panic: {}", text(panic));
    }));
}

/// What a panic says of itself, if it says that whatever happens: a text that was put together may hold what a caller
/// sent, even a token.
fn text(panic: &PanicHookInfo<'_>) -> &'static str {
    panic
        .payload()
        .downcast_ref::<&'static str>()
        .copied()
        .unwrap_or("its text is not logged, as it may hold a request")
}

#[cfg(test)]
#[allow(clippy::panic, clippy::unwrap_used)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::extract::{Request, State};
    use axum::http::StatusCode;
    use axum::routing::any;
    use clap::Parser as _;
    use http_body_util::BodyExt as _;
    use serde_json::{Value, json};
    use tower_service::Service as _;

    use crate::app::{self, App};
    use crate::caller::Caller;
    use crate::config::{Cli, Command};
    use matricula_realms::MASTER;
    use matricula_store::realms;
    use matricula_wasm::compiler::Compiler;

    const PASSWORD: &str = "a test's password";

    /// Panics with what handlers hold in its hands.
    async fn breaks(State(app): State<App>, caller: Caller) -> StatusCode {
        let _realm = app.realms.get(MASTER).await.unwrap();
        let _components = app.wasm.current();
        let _attempt = app.guesses.begin(MASTER, "user", "ann", caller.address).unwrap();
        let names = realms::names(&app.store.database).await.unwrap();
        panic!("{} is secret", names.join(""));
    }

    async fn answer(routes: &Router, request: Request) -> (StatusCode, Value) {
        let Ok(answer) = routes.clone().call(request).await;
        assert!(answer.headers().contains_key("x-request-id"));
        let status = answer.status();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    fn post(path: &str, token: Option<&str>, kind: &str, body: String) -> Request {
        let mut request =
            Request::builder().method("POST").uri(path).header("host", "localhost").header("content-type", kind);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        request.body(Body::from(body)).unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_handler_that_panics_harms_no_other_request() {
        let folder = std::env::temp_dir().join(format!("matricula-panics-{}", std::process::id()));
        let arguments = ["matricula", "serve", "--admin-password", PASSWORD, "--data", folder.to_str().unwrap()];
        let Command::Serve(options) = Cli::try_parse_from(arguments).unwrap().command else {
            panic!("another command")
        };
        let (app, _) = App::start(&options, Compiler::Here).await.unwrap();
        let routes = app::routes(app.clone());
        let broken = app::finish(app.clone(), Router::new().route("/breaks", any(breaks)));
        for _ in 0..100 {
            let request = Request::builder().uri("/breaks").header("host", "localhost").body(Body::empty()).unwrap();
            let (status, body) = answer(&broken, request).await;
            assert_eq!((status, &body["error"]), (StatusCode::INTERNAL_SERVER_ERROR, &json!("server_error")));
            assert!(!body.to_string().contains("secret"), "{body}");
        }
        let login = format!("grant_type=password&client_id=admin-cli&username=admin&password={PASSWORD}");
        let login = post(
            "/realms/master/protocol/openid-connect/token",
            None,
            "application/x-www-form-urlencoded",
            login.replace(' ', "+"),
        );
        let (status, tokens) = answer(&routes, login).await;
        assert_eq!(status, StatusCode::OK, "{tokens}");
        let token = tokens["access_token"].as_str();
        for number in 0..100 {
            let client = json!({"clientId": format!("client-{number}"), "redirectUris": ["https://a.example/cb"]});
            let request = post("/admin/realms/master/clients", token, "application/json", client.to_string());
            let (status, refusal) = answer(&routes, request).await;
            assert_eq!(status, StatusCode::CREATED, "{refusal}");
        }
        let figures = figures(&app).await;
        assert!(figures.contains("matricula_panics_total 100\n"), "{figures}");
        assert!(figures.contains("route=\"/breaks\",status=\"500\"} 100\n"), "{figures}");
        drop(app);
        let _ = std::fs::remove_dir_all(folder);
    }

    async fn figures(app: &App) -> String {
        let request = Request::builder().uri("/metrics").body(Body::empty()).unwrap();
        let Ok(answer) = app.metrics.clone().routes().call(request).await;
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(body.to_vec()).unwrap()
    }
}
