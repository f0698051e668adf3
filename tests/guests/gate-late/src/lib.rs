//! Policy `gate`, one of several versions that tests swap: this one has no objection before a client is registered, and
//! wants an administrator to look at it afterwards; it refuses to show clients. It brings a policy that the others don't
//! have.

use matricula_policy_sdk::{Client, Config, ConfigError, Decision, Hook, Policy, Request, Violation};

/// Asked at hooks at which the other versions are not.
pub struct Gate;

impl Policy for Gate {
    const ID: &'static str = "gate";
    const HELP_TEXT: &'static str = "For tests";
    const HOOKS: &'static [Hook] = &[Hook::BeforeRegister, Hook::AfterRegister, Hook::BeforeView];

    fn read(_: &mut Config) -> Result<Self, ConfigError> {
        Ok(Self)
    }

    fn before_register(&self, _: &Request, _: &Client) -> Decision {
        Decision::accept()
    }

    fn after_register(&self, _: &Request, _: &Client) -> Decision {
        Decision::Hold("somebody has to look at it".to_owned())
    }

    fn before_view(&self, _: &Request, _: &Client) -> Decision {
        Decision::Reject(vec![Violation::new("nobody looks at it").hint("this gate shows nothing")])
    }
}

/// A policy that only this version has.
pub struct Second;

impl Policy for Second {
    const ID: &'static str = "gate-two";
    const HELP_TEXT: &'static str = "For tests";
    const HOOKS: &'static [Hook] = &[Hook::BeforeRegister];

    fn read(_: &mut Config) -> Result<Self, ConfigError> {
        Ok(Self)
    }

    fn before_register(&self, _: &Request, _: &Client) -> Decision {
        Decision::refuse("the second gate is shut")
    }
}

matricula_policy_sdk::export!(Gate, Second);
