//! Names of the contract: hooks of policies, events of client policies, and the settings of a policy that are the host's.

use crate::{Event, Hook};

/// Keys of a policy's configuration that belong to the host.
pub const HOST_KEYS: [&str; 2] = ["priority", "mode"];

/// A hook under its name in the contract.
pub fn hook_name(hook: Hook) -> &'static str {
    match hook {
        Hook::BeforeRegister => "before-register",
        Hook::AfterRegister => "after-register",
        Hook::BeforeUpdate => "before-update",
        Hook::AfterUpdate => "after-update",
        Hook::BeforeView => "before-view",
        Hook::BeforeDelete => "before-delete",
        Hook::BeforeInstall => "before-install",
    }
}

/// An event under its name in the contract.
pub fn event_name(event: Event) -> &'static str {
    match event {
        Event::Register => "register",
        Event::Registered => "registered",
        Event::Update => "update",
        Event::Updated => "updated",
        Event::View => "view",
        Event::Unregister => "unregister",
    }
}
