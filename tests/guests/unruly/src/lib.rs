//! Policies that no administrator wants: each misbehaves in its own way, most of them after a client was completed, and
//! none of them when a server tries the component before it takes it: with a client without a name, in a realm of its own.
//! And some that do what others here cannot: one holds clients, one refuses them on a day of the week, one takes its time.

use std::sync::{Mutex, PoisonError};

use matricula_policy_sdk::{
    ALL_HOOKS, Client, Config, ConfigError, ConfigProperty, Decision, Hook, Host, Level, Policy, Property,
    ProtocolMapper, Request,
};

/// A policy without settings that decides after a client was completed, or at another hook.
macro_rules! policy {
    ($(#[$comment:meta])* $name:ident, $id:literal, |$request:ident, $client:ident| $decision:expr) => {
        $(#[$comment])*
        pub struct $name;

        impl Policy for $name {
            const ID: &'static str = $id;
            const HELP_TEXT: &'static str = "For tests";
            const HOOKS: &'static [Hook] = &[Hook::AfterRegister];

            fn read(_: &mut Config) -> Result<Self, ConfigError> {
                Ok(Self)
            }

            fn after_register(&self, $request: &Request, $client: &Client) -> Decision {
                if $client.client_id.is_none() { Decision::accept() } else { $decision }
            }
        }
    };
}

policy!(
    /// Never comes back.
    Loops,
    "loops",
    |_request, client| {
        let mut rounds = 0_u64;
        while std::hint::black_box(client.attributes.len()) < usize::MAX {
            rounds = std::hint::black_box(rounds.wrapping_add(1));
        }
        Decision::accept()
    }
);

/// Traps at the hook that its setting names; without one after a client was completed.
pub struct Traps {
    at: String,
}

impl Traps {
    fn reach(&self, hook: &str, client: &Client) -> Decision {
        #[expect(clippy::panic, reason = "this is what it is for")]
        if self.at == hook && client.client_id.is_some() {
            panic!("trapped on purpose")
        }
        Decision::accept()
    }
}

impl Policy for Traps {
    const ID: &'static str = "traps";
    const HELP_TEXT: &'static str = "For tests";
    const HOOKS: &'static [Hook] = &ALL_HOOKS;

    fn properties(_: &Host) -> Vec<ConfigProperty> {
        vec![Property::text("at").form(Vec::new())]
    }

    fn read(config: &mut Config) -> Result<Self, ConfigError> {
        let at = config.text(&Property::text("at"))?;
        Ok(Self { at: at.unwrap_or_else(|| "after-register".to_owned()) })
    }

    fn before_register(&self, _: &Request, proposed: &Client) -> Decision {
        self.reach("before-register", proposed)
    }

    fn after_register(&self, _: &Request, client: &Client) -> Decision {
        self.reach("after-register", client)
    }

    fn before_update(&self, _: &Request, _: &Client, stored: &Client) -> Decision {
        self.reach("before-update", stored)
    }

    fn after_update(&self, _: &Request, client: &Client, _: &Client) -> Decision {
        self.reach("after-update", client)
    }

    fn before_view(&self, _: &Request, stored: &Client) -> Decision {
        self.reach("before-view", stored)
    }

    fn before_delete(&self, _: &Request, stored: &Client) -> Decision {
        self.reach("before-delete", stored)
    }
}

/// Whether a server tries the component before it takes it.
fn is_self_check(request: &Request) -> bool {
    request.context.realm == "self-check"
}

/// Amends a client before there is one.
pub struct Hastens;

impl Policy for Hastens {
    const ID: &'static str = "hastens";
    const HELP_TEXT: &'static str = "For tests";
    const HOOKS: &'static [Hook] = &[Hook::BeforeRegister];

    fn read(_: &mut Config) -> Result<Self, ConfigError> {
        Ok(Self)
    }

    fn before_register(&self, request: &Request, _: &Client) -> Decision {
        if is_self_check(request) {
            return Decision::accept();
        }
        Decision::amend(Client { name: Some("amended".to_owned()), ..Client::default() })
    }
}

/// Holds a client before there is one.
pub struct Delays;

impl Policy for Delays {
    const ID: &'static str = "delays";
    const HELP_TEXT: &'static str = "For tests";
    const HOOKS: &'static [Hook] = &[Hook::BeforeRegister];

    fn read(_: &mut Config) -> Result<Self, ConfigError> {
        Ok(Self)
    }

    fn before_register(&self, request: &Request, _: &Client) -> Decision {
        if is_self_check(request) {
            return Decision::accept();
        }
        Decision::Hold("too early".to_owned())
    }
}

policy!(
    /// Refuses without a reason.
    Sulks,
    "sulks",
    |_request, _client| Decision::Reject(Vec::new())
);

policy!(
    /// Answers with text that is none.
    Mumbles,
    "mumbles",
    |_request, _client| {
        #[expect(unsafe_code, reason = "a text that is no UTF-8 is what it is for")]
        // SAFETY: none; nobody here reads the text, and the host must not trust it.
        let text = unsafe { String::from_utf8_unchecked(vec![b'a', 0xff, 0xfe]) };
        Decision::refuse(text)
    }
);

policy!(
    /// Writes more log lines than anybody reads.
    Floods,
    "floods",
    |request, _client| {
        for line in 0..10_000 {
            request.host.log(Level::Warn, &format!("flood {line}"));
        }
        Decision::accept()
    }
);

policy!(
    /// Counts for some milliseconds, as it may.
    Dawdles,
    "dawdles",
    |_request, _client| {
        let mut rounds = 0_u64;
        while rounds < 8_000_000 {
            rounds = std::hint::black_box(rounds + 1);
        }
        Decision::accept()
    }
);

/// Realms that an instance has served.
static SERVED: Mutex<Vec<String>> = Mutex::new(Vec::new());

policy!(
    /// Remembers, as no policy should, which realms it has served, and writes them into each client.
    Remembers,
    "remembers",
    |request, _client| {
        let mut served = SERVED.lock().unwrap_or_else(PoisonError::into_inner);
        if served.last() != Some(&request.context.realm) {
            served.push(request.context.realm.clone());
        }
        Decision::amend(Client { description: Some(served.join(" ")), ..Client::default() })
    }
);

policy!(
    /// Wants more memory than anybody gets.
    Hoards,
    "hoards",
    |_request, _client| {
        let mut hoard: Vec<Vec<u8>> = Vec::new();
        loop {
            hoard.push(std::hint::black_box(vec![1; 1 << 20]));
            if hoard.len() == usize::MAX {
                return Decision::accept();
            }
        }
    }
);

policy!(
    /// Goes deeper and deeper.
    Recurses,
    "recurses",
    |_request, client| {
        fn deeper(depth: u64, client: &Client) -> u64 {
            let room = std::hint::black_box([depth; 2]);
            if client.attributes.len() == usize::MAX { room[0] } else { deeper(depth + 1, client) + room[1] }
        }
        if deeper(0, client) == 0 { Decision::accept() } else { Decision::refuse("deep") }
    }
);

policy!(
    /// Changes what no policy may change.
    Overreaches,
    "overreaches",
    |_request, _client| Decision::Amend(Client { secret: Some("known".to_owned()), ..Client::default() })
);

policy!(
    /// Answers with more than the host takes.
    Babbles,
    "babbles",
    |_request, _client| Decision::refuse("x".repeat(16 << 20))
);

policy!(
    /// Wants an administrator to look at every client.
    Holds,
    "holds",
    |_request, _client| Decision::Hold("new clients are looked at first".to_owned())
);

policy!(
    /// Refuses everything on Mondays (1 January 1970 was a Thursday).
    Mondays,
    "mondays",
    |request, _client| {
        let weekday = (request.context.now / 86_400 + 4) % 7;
        if weekday == 1 { Decision::refuse("Not on Mondays") } else { Decision::accept() }
    }
);

/// Changes what its setting names, or holds the client in two lines; it does not come without a key.
pub struct Improves {
    what: String,
}

const WHAT: Property = Property { kind: "List", ..Property::text("what") };
const KEY: Property = Property::text("key");

impl Policy for Improves {
    const ID: &'static str = "improves";
    const HELP_TEXT: &'static str = "For tests";
    const HOOKS: &'static [Hook] = &[Hook::AfterRegister];

    fn properties(_: &Host) -> Vec<ConfigProperty> {
        let options = ["name", "mapper", "account", "protocol", "lines", "nothing"].map(str::to_owned);
        vec![WHAT.form(options.into()), ConfigProperty { secret: true, required: true, ..KEY.form(Vec::new()) }]
    }

    fn read(config: &mut Config) -> Result<Self, ConfigError> {
        Ok(Self { what: config.text(&WHAT)?.unwrap_or_default() })
    }

    fn after_register(&self, _: &Request, _: &Client) -> Decision {
        let changes = Client::default();
        Decision::Amend(match self.what.as_str() {
            "name" => Client { name: Some("x".repeat(300)), ..changes },
            "mapper" => {
                let mapper = ProtocolMapper {
                    id: None,
                    name: "full name".to_owned(),
                    protocol: "openid-connect".to_owned(),
                    mapper_type: "oidc-full-name-mapper".to_owned(),
                    consent_required: false,
                    config: Vec::new(),
                };
                Client { protocol_mappers: Some(vec![mapper]), ..changes }
            }
            "account" => Client { service_accounts_enabled: Some(true), ..changes },
            "protocol" => Client { protocol: Some("saml".to_owned()), ..changes },
            "lines" => return Decision::Hold("first\r\nSet-Cookie: second".to_owned()),
            _ => return Decision::accept(),
        })
    }
}

matricula_policy_sdk::export!(
    Loops,
    Traps,
    Hoards,
    Recurses,
    Overreaches,
    Babbles,
    Hastens,
    Delays,
    Sulks,
    Mumbles,
    Floods,
    Dawdles,
    Remembers,
    Holds,
    Mondays,
    Improves,
);
