//! FAPI 2: the FAPI 2.0 Security Profile at registration. Keycloak has profiles of client policies for it, but no policy.
//!
//! Every hook judges the whole client, as it would be; read `judgement.rs` first.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that panics fails"))]

pub mod algorithms;
pub mod judgement;
pub mod keys;
pub mod redirect_uris;

use std::ops::RangeInclusive;

use matricula_policy_sdk::{
    Client, Config, ConfigError, ConfigProperty, Decision, Hook, Host, Policy, Property, Request,
};

use judgement::{Binding, Demands};

/// Which profile.
pub const PROFILE: Property = Property {
    label: "Profile",
    help_text: "2: FAPI 2.0 Security Profile. 1: FAPI 1.0 Advanced, where pushed authorization requests are not needed \
                and tokens are bound to certificates",
    default_value: Some("\"2\""),
    ..Property::choice("profile")
};
/// What access tokens are bound to.
pub const SENDER_CONSTRAINED: Property = Property {
    label: "Sender Constrained",
    help_text: "What access tokens are bound to: the client's certificate (mtls), a key of DPoP (dpop), or any of them",
    default_value: Some("\"any\""),
    ..Property::choice("sender-constrained")
};
/// Whether what is absent is set.
pub const CORRECT: Property = Property {
    label: "Correct",
    help_text: "What a client does not name is set as the profile wants it. Off: it is refused",
    default_value: Some("\"true\""),
    ..Property::switch("correct")
};
/// The smallest RSA key.
pub const MIN_RSA_BITS: Property = Property {
    label: "Min Rsa Bits",
    help_text: "The smallest RSA key that a client may have, in bits: 2048 to 16384",
    default_value: Some("\"2048\""),
    ..Property::text("min-rsa-bits")
};
/// What it may be.
const RSA_BITS: RangeInclusive<i32> = 2048..=16384;

/// Which of the two profiles.
#[derive(Clone, Copy, PartialEq)]
enum Profile {
    One,
    Two,
}

const PROFILES: [(&str, Profile); 2] = [("2", Profile::Two), ("1", Profile::One)];
const BINDINGS: [(&str, Binding); 3] = [("mtls", Binding::Certificate), ("dpop", Binding::Dpop), ("any", Binding::Any)];

/// The policy and what it demands.
pub struct Fapi {
    demands: Demands,
}

impl Policy for Fapi {
    const ID: &'static str = "fapi-2";
    const HELP_TEXT: &'static str = "Clients meet the FAPI 2.0 Security Profile";
    const HOOKS: &'static [Hook] = &[Hook::BeforeRegister, Hook::AfterRegister, Hook::BeforeUpdate, Hook::AfterUpdate];

    fn properties(_: &Host) -> Vec<ConfigProperty> {
        vec![
            PROFILE.form(PROFILES.map(|(word, _)| word.to_owned()).into()),
            SENDER_CONSTRAINED.form(BINDINGS.map(|(word, _)| word.to_owned()).into()),
            CORRECT.form(Vec::new()),
            MIN_RSA_BITS.form(Vec::new()),
        ]
    }

    fn read(config: &mut Config) -> Result<Self, ConfigError> {
        let profile = config.choice(&PROFILE, &PROFILES)?.unwrap_or(Profile::Two);
        let binding = config.choice(&SENDER_CONSTRAINED, &BINDINGS)?.unwrap_or(Binding::Any);
        let correct = config.switch(&CORRECT)?.unwrap_or(true);
        let bits = config.number(&MIN_RSA_BITS)?.unwrap_or(*RSA_BITS.start());
        if !RSA_BITS.contains(&bits) {
            return Err(MIN_RSA_BITS.error("'Min Rsa Bits' should be from 2048 to 16384"));
        }
        Ok(Self {
            demands: Demands {
                pushed_requests: profile == Profile::Two,
                // FAPI 1.0 Advanced knows no other.
                binding: if profile == Profile::One { Binding::Certificate } else { binding },
                correct,
                min_rsa_bits: bits.unsigned_abs() as usize,
            },
        })
    }

    fn before_register(&self, request: &Request, proposed: &Client) -> Decision {
        self.demands.decide(request, &judgement::completed(proposed))
    }

    fn after_register(&self, request: &Request, client: &Client) -> Decision {
        self.demands.decide(request, client)
    }

    fn before_update(&self, request: &Request, proposed: &Client, stored: &Client) -> Decision {
        self.demands.decide(request, &judgement::changed(request, proposed, stored))
    }

    fn after_update(&self, request: &Request, client: &Client, _: &Client) -> Decision {
        self.demands.decide(request, client)
    }
}

#[cfg(feature = "export")]
matricula_policy_sdk::export_0_2!(Fapi);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_what_is_wrong_with_the_settings() {
        for (name, value, message) in [
            ("profile", "3", "'Profile' should be one of 2, 1"),
            ("sender-constrained", "tls", "'Sender Constrained' should be one of mtls, dpop, any"),
            ("correct", "yes", "'Correct' should be 'true' or 'false'"),
            ("min-rsa-bits", "many", "'Min Rsa Bits' should be a number"),
            ("min-rsa-bits", "1024", "'Min Rsa Bits' should be from 2048 to 16384"),
        ] {
            let error = Fapi::read(&mut Config::default().with(name, &[value])).err().unwrap();
            assert_eq!((error.property.as_deref(), error.message.as_str()), (Some(name), message));
        }
    }

    #[test]
    fn the_first_profile_binds_to_certificates_and_needs_no_pushed_requests() {
        let demands = Fapi::read(&mut Config::default().with("profile", &["1"])).unwrap().demands;
        assert!(!demands.pushed_requests && demands.binding == Binding::Certificate);
    }
}
