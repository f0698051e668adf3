//! What the host calls: interface `providers` over the providers that a component holds.

use crate::provider::Provider;
use crate::{Client, Completed, Document, Host, Issued, Operation, Registration, RegistrationProvider, Violation};

/// Makes a component of registration providers, once in a crate of type `cdylib`: `export_providers!(Lines);`.
///
/// A native build gets only `PROVIDERS`, with which tests can call the functions of this module.
#[macro_export]
macro_rules! export_providers {
    ($($provider:ty),+ $(,)?) => {
        /// The providers in this component.
        pub const PROVIDERS: &[$crate::provider_component::Kind] =
            &[$($crate::provider_component::Kind::of::<$provider>()),+];

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            use $crate::provider_component as component;
            use $crate::provider_contract::exports::matricula::registration::providers::Guest;

            struct Component;

            impl Guest for Component {
                fn describe() -> Vec<$crate::RegistrationProvider> {
                    $crate::panic::report();
                    component::describe(PROVIDERS)
                }

                fn parse(
                    provider: String,
                    operation: $crate::Operation,
                    document: $crate::Document,
                ) -> Result<$crate::Client, Vec<$crate::Violation>> {
                    $crate::panic::report();
                    (component::find(PROVIDERS, &provider)?.parse)(&document, operation, &$crate::Host)
                }

                fn complete(
                    provider: String,
                    proposed: $crate::Client,
                    stored: Option<$crate::Client>,
                    issued: $crate::Issued,
                ) -> Result<$crate::Completed, Vec<$crate::Violation>> {
                    $crate::panic::report();
                    component::complete(PROVIDERS, &provider, proposed, stored, issued, &$crate::Host)
                }

                fn finish(
                    provider: String,
                    operation: $crate::Operation,
                    client: $crate::Client,
                    registration: $crate::Registration,
                ) -> Result<$crate::Document, Vec<$crate::Violation>> {
                    $crate::panic::report();
                    component::finish(PROVIDERS, &provider, operation, &client, &registration)
                }

                fn render(
                    provider: String,
                    client: $crate::Client,
                    registration: $crate::Registration,
                ) -> $crate::Document {
                    $crate::panic::report();
                    component::render(PROVIDERS, &provider, &client, &registration)
                }

                fn document_name(provider: String, field: String) -> Option<String> {
                    $crate::panic::report();
                    (component::find(PROVIDERS, &provider).ok()?.document_name)(&field)
                }
            }

            $crate::provider_contract::export_providers!(Component with_types_in $crate::provider_contract);
        };
    };
}

/// [`Provider::complete`].
type Complete = fn(Client, Option<Client>, Issued, &Host) -> Result<Client, Vec<Violation>>;

/// One provider in a component: its functions, without its type.
pub struct Kind {
    id: &'static str,
    describe: fn() -> RegistrationProvider,
    /// See [`Provider::parse`].
    pub parse: fn(&Document, Operation, &Host) -> Result<Client, Vec<Violation>>,
    complete: Complete,
    validate: fn(&Client, Operation) -> Result<(), Vec<Violation>>,
    render: fn(&Client, &Registration) -> Document,
    /// See [`Provider::document_name`].
    pub document_name: fn(&str) -> Option<String>,
}

impl Kind {
    /// The kind that `P` implements.
    pub const fn of<P: Provider>() -> Self {
        Self {
            id: P::ID,
            describe: described::<P>,
            parse: P::parse,
            complete: P::complete,
            validate: P::validate,
            render: P::render,
            document_name: P::document_name,
        }
    }
}

fn described<P: Provider>() -> RegistrationProvider {
    RegistrationProvider {
        id: P::ID.into(),
        operations: P::OPERATIONS.into(),
        content_types: P::CONTENT_TYPES.iter().map(|one| (*one).to_owned()).collect(),
        protocol: P::PROTOCOL.map(str::to_owned),
        cross_origin: P::CROSS_ORIGIN,
        client_authentication: P::CLIENT_AUTHENTICATION,
    }
}

/// The provider of this id.
///
/// # Errors
/// There is none: the host asked for one that `describe` does not name.
pub fn find<'a>(kinds: &'a [Kind], id: &str) -> Result<&'a Kind, Vec<Violation>> {
    let missing = || vec![Violation::new(format!("this component has no provider '{id}'"))];
    kinds.iter().find(|kind| kind.id == id).ok_or_else(missing)
}

/// Answers `describe`.
pub fn describe(kinds: &[Kind]) -> Vec<RegistrationProvider> {
    kinds.iter().map(|kind| (kind.describe)()).collect()
}

/// Answers `complete`.
///
/// # Errors
/// Why there can be no such client.
pub fn complete(
    kinds: &[Kind],
    id: &str,
    sent: Client,
    stored: Option<Client>,
    issued: Issued,
    host: &Host,
) -> Result<Completed, Vec<Violation>> {
    let client = (find(kinds, id)?.complete)(sent, stored, issued, host)?;
    Ok(Completed { client, effects: Vec::new() })
}

/// Answers `finish`.
///
/// # Errors
/// Why the client cannot be stored.
pub fn finish(
    kinds: &[Kind],
    id: &str,
    operation: Operation,
    client: &Client,
    registration: &Registration,
) -> Result<Document, Vec<Violation>> {
    let kind = find(kinds, id)?;
    (kind.validate)(client, operation)?;
    Ok((kind.render)(client, registration))
}

/// Answers `render`. Of a provider that is not here there is an empty document.
pub fn render(kinds: &[Kind], id: &str, client: &Client, registration: &Registration) -> Document {
    match find(kinds, id) {
        Ok(kind) => (kind.render)(client, registration),
        Err(_) => Document { content_type: "text/plain".to_owned(), body: Vec::new() },
    }
}
