//! What `/openapi.json` says of the service as a whole. What it says of a route stands beside the route.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi, RefOr, ResponseBuilder, path::Operation};
use utoipa::{OpenApi as _, ToSchema};

use crate::admin::targets::probe;
use crate::error::ErrorBody;
use crate::registration;

/// The name of the scheme below.
const TOKEN: &str = "token";

/// The description without the routes.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Matricula",
        description = "Client registration service for OAuth 2.0, OpenID Connect and SAML",
        license(name = "Apache-2.0")
    ),
    components(schemas(ErrorBody)),
    paths(
        registration::register_path,
        registration::read_path,
        registration::update_path,
        registration::delete_path,
        probe::probe_unstored
    )
)]
struct Description;

/// The description to which routes are added.
pub(crate) fn begin() -> OpenApi {
    Description::openapi()
}

/// Adds what holds for every route: how callers say who they are, and that any refusal has one form.
pub(crate) fn complete(mut description: OpenApi) -> Arc<str> {
    let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(
        "An access token of the realm or of realm master; for registration also an initial or registration access token",
    ));
    let components = description.components.get_or_insert_default();
    components.add_security_scheme(TOKEN, SecurityScheme::Http(token.build()));
    for (path, item) in &mut description.paths.paths {
        for operation in [&mut item.get, &mut item.put, &mut item.post, &mut item.delete].into_iter().flatten() {
            complete_operation(path, operation);
        }
    }
    description.to_json().unwrap_or_default().into()
}

fn complete_operation(path: &str, operation: &mut Operation) {
    let required = SecurityRequirement::new(TOKEN, std::iter::empty::<String>());
    if path.starts_with("/admin/") {
        operation.security = Some(vec![required]);
    } else if path.contains("/clients-registrations/") {
        // Without one the request is anonymous, which the realm's policies may allow.
        operation.security = Some(vec![required, SecurityRequirement::default()]);
    }
    let body =
        ContentBuilder::new().schema(Some(RefOr::Ref(utoipa::openapi::Ref::from_schema_name(ErrorBody::name()))));
    let refusal = ResponseBuilder::new()
        .description("Any other refusal: 429 too many requests, 503 the database cannot be reached, …")
        .content("application/json", body.build());
    operation.responses.responses.insert("default".to_owned(), RefOr::T(refusal.build()));
}

/// The answer to `/openapi.json`.
pub(crate) async fn show(json: Arc<str>) -> Response {
    ([(axum::http::header::CONTENT_TYPE, "application/json")], json.to_string()).into_response()
}
