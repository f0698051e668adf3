//! Policies that no administrator wants: each misbehaves in its own way after a client was completed. And two that do
//! what others here cannot: one holds clients, one refuses them on a day of the week.

use matricula_policy_sdk::{Client, Config, ConfigError, Decision, Hook, Policy, Request};

/// A policy without settings that decides after a client was completed.
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
                $decision
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

policy!(
    /// Traps.
    Traps,
    "traps",
    |_request, _client| {
        #[expect(clippy::panic, reason = "this is what it is for")]
        {
            panic!("trapped on purpose")
        }
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
            let room = std::hint::black_box([depth; 64]);
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

matricula_policy_sdk::export!(Loops, Traps, Hoards, Recurses, Overreaches, Babbles, Holds, Mondays);
