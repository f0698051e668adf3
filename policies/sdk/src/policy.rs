//! What an author writes: an implementation of [`Policy`].

use crate::{Client, Config, ConfigError, ConfigProperty, Context, Decision, Hook, Host};

/// Every hook.
pub const ALL_HOOKS: [Hook; 6] = [
    Hook::BeforeRegister,
    Hook::AfterRegister,
    Hook::BeforeUpdate,
    Hook::AfterUpdate,
    Hook::BeforeView,
    Hook::BeforeDelete,
];

/// One request, as a policy sees it.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// Who asks for what.
    pub context: &'a Context,
    /// Answers questions about the realm and the world outside.
    pub host: &'a Host,
}

/// A kind of registration policy; a value of it is one policy as an administrator set it up
/// (Keycloak: ClientRegistrationPolicy and its factory).
///
/// Only the id, the help text and [`read`](Self::read) must be written: a hook that is left out has no objection.
/// Nothing is kept from one call to the next.
pub trait Policy: Sized {
    /// Keycloak's `providerId`, in kebab-case and unique in the server.
    const ID: &'static str;

    /// What the policy does, for the administrator who picks it.
    const HELP_TEXT: &'static str;

    /// When the policy is asked. Naming only the hooks that are written saves the host a call at the others, but a
    /// hook that is written and not named is never called.
    const HOOKS: &'static [Hook] = &ALL_HOOKS;

    /// Whether [`allowed_origins`](Self::allowed_origins) is written.
    const ALLOWS_ORIGINS: bool = false;

    /// The settings, in the order of the form. Only their `options` may depend on the realm.
    fn properties(_host: &Host) -> Vec<ConfigProperty> {
        Vec::new()
    }

    /// Reads the settings, when the policy is checked and before each evaluation.
    ///
    /// # Errors
    /// What is wrong with a setting. At an evaluation the request is refused then.
    fn read(config: &mut Config) -> Result<Self, ConfigError>;

    /// Checks settings before they are stored. Written by policies that demand more here than an evaluation needs:
    /// the realm may change afterwards.
    ///
    /// # Errors
    /// What is wrong with a setting; the administrator gets the message.
    fn check(config: &mut Config, _host: &Host) -> Result<(), ConfigError> {
        Self::read(config).map(drop)
    }

    /// Before a client is made. `proposed` holds what the request names.
    fn before_register(&self, _request: &Request, _proposed: &Client) -> Decision {
        Decision::accept()
    }

    /// Before a new client is stored, with everything it will have. May amend and hold.
    fn after_register(&self, _request: &Request, _client: &Client) -> Decision {
        Decision::accept()
    }

    /// Before a client is changed. `proposed` holds what the request names.
    fn before_update(&self, _request: &Request, _proposed: &Client, _stored: &Client) -> Decision {
        Decision::accept()
    }

    /// Before a changed client is stored, with everything it will have. May amend.
    fn after_update(&self, _request: &Request, _client: &Client, _stored: &Client) -> Decision {
        Decision::accept()
    }

    /// Before a client is shown.
    fn before_view(&self, _request: &Request, _stored: &Client) -> Decision {
        Decision::accept()
    }

    /// Before a client is deleted.
    fn before_delete(&self, _request: &Request, _stored: &Client) -> Decision {
        Decision::accept()
    }

    /// Web origins that may call the registration endpoint from a browser.
    fn allowed_origins(self, _request: &Request) -> Vec<String> {
        Vec::new()
    }
}
