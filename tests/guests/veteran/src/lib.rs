//! Policy `veteran` of contract 0.1.0: it is asked at every hook, asks everything that a policy may ask, and uses every
//! kind of answer.

use matricula_policy_sdk::{
    Client, Condition, ConditionKind, Config, ConfigError, ConfigProperty, Decision, Hook, Host, Level, Policy,
    Property, Request, Violation,
};

const GREETING: Property = Property {
    label: "Greeting",
    help_text: "What the description of a new client is to be",
    title: "Greeting",
    ..Property::text("greeting")
};

/// With its setting.
pub struct Veteran {
    greeting: Option<String>,
}

impl Policy for Veteran {
    const ID: &'static str = "veteran";
    const HELP_TEXT: &'static str = "For tests";
    const HOOKS: &'static [Hook] = &[
        Hook::BeforeRegister,
        Hook::AfterRegister,
        Hook::BeforeUpdate,
        Hook::AfterUpdate,
        Hook::BeforeView,
        Hook::BeforeDelete,
    ];

    fn properties(_: &Host) -> Vec<ConfigProperty> {
        vec![GREETING.form(Vec::new())]
    }

    fn read(config: &mut Config) -> Result<Self, ConfigError> {
        Ok(Self { greeting: config.text(&GREETING)? })
    }

    fn before_register(&self, request: &Request, client: &Client) -> Decision {
        if client.client_id.as_deref() == Some("unwanted") {
            return Decision::Reject(vec![
                Violation::new("not this one").at("client-id", "unwanted").hint("the name is fixed"),
            ]);
        }
        request.host.log(Level::Debug, "a registration");
        Decision::Accept(vec![Condition {
            kind: ConditionKind::ClientCountBelow(1000),
            otherwise: Violation::new("there are enough"),
        }])
    }

    fn after_register(&self, request: &Request, client: &Client) -> Decision {
        if client.client_id.as_deref() == Some("unclear") {
            return Decision::Hold("somebody has to look at it".to_owned());
        }
        let host = &request.host;
        let scopes = host.client_scopes("openid-connect").len();
        let asked = scopes > 0
            && !host.protocol_mapper_types().is_empty()
            && !host.has_flow("none")
            && host.base_url().starts_with("http")
            && host.setting("sslRequired").is_some()
            && host.client_count() > 0
            && host.addresses_of("localhost").iter().any(|address| address == "127.0.0.1");
        let description = self.greeting.clone().filter(|_| asked);
        Decision::Amend(Client { description, ..Client::default() })
    }

    fn before_update(&self, _: &Request, proposed: &Client, stored: &Client) -> Decision {
        if proposed.name == stored.name { Decision::accept() } else { Decision::refuse("the name stays") }
    }

    fn after_update(&self, _: &Request, _: &Client, _: &Client) -> Decision {
        Decision::accept()
    }

    fn before_view(&self, _: &Request, _: &Client) -> Decision {
        Decision::accept()
    }

    fn before_delete(&self, request: &Request, _: &Client) -> Decision {
        if request.context.now > 0 { Decision::refuse("it stays") } else { Decision::accept() }
    }
}

matricula_policy_sdk::export!(Veteran);
