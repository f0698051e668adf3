//! Settings of policies, conditions and executors: what the host checks before a component does, and what it hides.

use matricula_contract::ConfigProperty;
use matricula_contract::names::HOST_KEYS;
use matricula_contract::secrets::MASK;
use matricula_store::policies::Config;

/// Policies, conditions and executors that Keycloak has too. Their settings are stored as Keycloak stores them: unknown
/// keys are dropped, or kept in the documents of client policies, and what can never match is nobody's business.
const OF_KEYCLOAK: [&str; 51] = [
    "allowed-client-templates",
    "allowed-protocol-mappers",
    "client-disabled",
    "consent-required",
    "max-clients",
    "registration-web-origins",
    "scope",
    "trusted-hosts",
    "acr-condition",
    "any-client",
    "client-access-type",
    "client-attributes",
    "client-roles",
    "client-scopes",
    "client-type",
    "client-updater-context",
    "client-updater-source-groups",
    "client-updater-source-host",
    "client-updater-source-roles",
    "grant-type",
    "identity-provider-alias",
    "auth-flow-enforcer",
    "confidential-client",
    "dpop-bind-enforcer",
    "downscope-assertion-grant-enforcer",
    "full-scope-disabled",
    "holder-of-key-enforcer",
    "intent-client-bind-checker",
    "jwt-claim-enforcer",
    "pkce-enforcer",
    "registration-access-token-rotation-disabled",
    "reject-implicit-grant",
    "reject-request",
    "reject-ropc-grant",
    "secure-ciba-req-sig-algorithm",
    "secure-ciba-session",
    "secure-ciba-signed-authn-req",
    "secure-client-authentication-assertion",
    "secure-client-authenticator",
    "secure-client-uris",
    "secure-client-uris-pattern",
    "secure-logout",
    "secure-par-content",
    "secure-redirect-uris-enforcer",
    "secure-request-object",
    "secure-response-type",
    "secure-session",
    "secure-signature-algorithm",
    "secure-signature-algorithm-signed-jwt",
    "suppress-refresh-token-rotation",
    "use-lightweight-access-token",
];

/// Whether settings are stored as Keycloak does, whatever they say.
pub(crate) fn is_of_keycloak(provider: &str) -> bool {
    OF_KEYCLOAK.contains(&provider) || provider.starts_with("tls-client-auth") || provider.starts_with("saml-")
}

/// What the host itself refuses: `named` are the settings that are sent, `all` those that would be stored.
///
/// # Errors
/// A sentence that names the key.
pub(crate) fn check(properties: &[ConfigProperty], named: &Config, all: &Config) -> Result<(), String> {
    for (name, values) in named {
        let Some(property) = properties.iter().find(|property| property.name == *name) else {
            if HOST_KEYS.contains(&name.as_str()) {
                continue;
            }
            let known: Vec<&str> = properties.iter().map(|property| property.name.as_str()).collect();
            return Err(match known.as_slice() {
                [] => format!("'{name}' is no setting: there are none"),
                known => format!("'{name}' is no setting, there are: {}", known.join(", ")),
            });
        };
        let is_offered = |value: &&String| !property.options.contains(value);
        if !property.options.is_empty()
            && let Some(value) = values.iter().find(is_offered)
        {
            return Err(not_offered(property, value));
        }
    }
    let is_missing = |property: &&ConfigProperty| property.required && !all.contains_key(&property.name);
    match properties.iter().find(is_missing) {
        Some(property) => Err(format!("'{}' is required", property.name)),
        None => Ok(()),
    }
}

/// A value that is none of the options: in the words of Keycloak's form where one is chosen.
fn not_offered(property: &ConfigProperty, value: &str) -> String {
    let ConfigProperty { name, label, options, .. } = property;
    // Other labels are keys of a message bundle.
    let is_text = !label.is_empty() && !label.ends_with(".label");
    let (caption, options) = (if is_text { label } else { name }, options.join(", "));
    if property.type_ == "List" {
        return format!("'{caption}' should be one of {options}");
    }
    format!("'{caption}' cannot be '{value}', but: {options}")
}

/// Settings as they are shown. Of a component that is not there nobody knows which are secret: all are hidden.
pub(crate) fn shown(config: &Config, properties: Option<&[ConfigProperty]>) -> Config {
    let is_secret = |name: &str| match properties {
        Some(properties) => properties.iter().any(|property| property.name == name && property.secret),
        None => !HOST_KEYS.contains(&name),
    };
    let hidden = |name: &str, values: &[String]| {
        let values = if is_secret(name) { vec![MASK.to_owned(); values.len()] } else { values.to_vec() };
        (name.to_owned(), values)
    };
    config.iter().map(|(name, values)| hidden(name, values)).collect()
}

/// Puts what is stored where values only stand for it; what stands for nothing is left out.
pub(crate) fn unmask(values: &mut Vec<String>, stored: Option<&Vec<String>>) {
    let mut place = 0..;
    values.retain_mut(|value| {
        let place = place.next().unwrap_or_default();
        if value != MASK {
            return true;
        }
        let secret = stored.and_then(|stored| stored.get(place));
        secret.is_some_and(|secret| {
            value.clone_from(secret);
            true
        })
    });
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics fails")]
mod tests {
    use super::*;

    fn property(name: &str, options: &[&str], required: bool, secret: bool) -> ConfigProperty {
        ConfigProperty {
            name: name.to_owned(),
            label: String::new(),
            help_text: String::new(),
            type_: "String".to_owned(),
            default_value: None,
            options: options.iter().map(|option| (*option).to_owned()).collect(),
            secret,
            required,
        }
    }

    fn config(entries: &[(&str, &[&str])]) -> Config {
        let values = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
        entries.iter().map(|(name, list)| ((*name).to_owned(), values(list))).collect()
    }

    #[test]
    fn a_setting_that_there_is_not_is_refused_by_its_name() {
        let properties = [property("level", &["low", "high"], false, false), property("key", &[], true, true)];
        let all = config(&[("key", &["k"])]);
        for (named, expected) in [
            (config(&[("level", &["low"])]), Ok(())),
            (config(&[("priority", &["1"]), ("mode", &["shadow"])]), Ok(())),
            (config(&[("levle", &["low"])]), Err("'levle' is no setting, there are: level, key")),
            (config(&[("level", &["low", "middle"])]), Err("'level' cannot be 'middle', but: low, high")),
        ] {
            assert_eq!(check(&properties, &named, &all), expected.map_err(str::to_owned), "{named:?}");
        }
        assert_eq!(check(&properties, &Config::new(), &Config::new()).unwrap_err(), "'key' is required");
        let choice = ConfigProperty {
            label: "Level".to_owned(),
            type_: "List".to_owned(),
            ..property("level", &["low", "high"], false, false)
        };
        let middle = config(&[("level", &["middle"])]);
        assert_eq!(check(&[choice], &middle, &all).unwrap_err(), "'Level' should be one of low, high");
        assert_eq!(check(&[], &config(&[("a", &["b"])]), &all).unwrap_err(), "'a' is no setting: there are none");
    }

    #[test]
    fn a_secret_is_hidden_and_comes_back() {
        let properties = [property("key", &[], false, true), property("level", &[], false, false)];
        let stored = config(&[("key", &["a", "b"]), ("level", &["low"]), ("mode", &["shadow"])]);
        let hidden = config(&[("key", &[MASK, MASK]), ("level", &["low"]), ("mode", &["shadow"])]);
        assert_eq!(shown(&stored, Some(&properties)), hidden);
        assert_eq!(shown(&stored, None)["level"], [MASK]);
        assert_eq!(shown(&stored, None)["mode"], ["shadow"]);
        for (sent, before, expected) in [
            (&[MASK, MASK][..], Some(&["a", "b"][..]), &["a", "b"][..]),
            (&["c", MASK], Some(&["a", "b"]), &["c", "b"]),
            (&[MASK, MASK], Some(&["a"]), &["a"]),
            (&[MASK], None, &[]),
            (&["***"], Some(&["a"]), &["***"]),
        ] {
            let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
            let mut values = texts(sent);
            unmask(&mut values, before.map(texts).as_ref());
            assert_eq!(values, expected, "{sent:?}");
        }
    }
}
