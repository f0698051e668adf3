//! Authentication context classes (OIDC Core §2, `acr`) that a client asks for.

use super::{Problems, attribute, list};
use crate::contract::matricula::registration::client::Client;
use crate::json;
use crate::realm::Realm;
use crate::uri::Uri;

/// Levels that the browser flow of a realm has.
const BROWSER_FLOW_LEVELS: [&str; 2] = ["0", "1"];

/// Checks the client's own levels, and that the values it names are classes or levels.
pub(super) fn check(client: &Client, protocol: &str, realm: &dyn Realm, problems: &mut Problems) {
    const MAP: &str = "acr.loa.map";
    let mut classes = match attribute(client, MAP).map(|map| (map, classes(map))) {
        None => Vec::new(),
        Some((_, Some(classes))) => classes,
        Some((map, None)) => {
            problems.add("attributes.acr.loa.map", map, "Invalid client configuration (ACR-LOA map) for client");
            Vec::new()
        }
    };
    if protocol == "saml" {
        return check_saml(client, &classes, problems);
    }
    let values = list(client, "default.acr.values");
    let minimum = attribute(client, "minimum.acr.value");
    if values.is_empty() && minimum.is_none() {
        return;
    }
    if classes.is_empty() {
        classes = realm.acr_levels().into_iter().map(|(name, _)| name).collect();
    }
    let is_known = |value: &&str| BROWSER_FLOW_LEVELS.contains(value) || classes.iter().any(|class| class == value);
    if let Some(unknown) = values.iter().find(|value| !is_known(value)) {
        problems.add(
            "attributes.default.acr.values",
            unknown,
            "Default ACR values need to contain values specified in the ACR-To-Loa mapping or number levels from set realm \
             browser flow",
        );
    }
    if let Some(unknown) = minimum.filter(|value| !is_known(value)) {
        problems.add(
            "attributes.minimum.acr.value",
            unknown,
            "Minimum ACR value needs to be value specified in the ACR-To-Loa mapping or number level from set realm browser \
             flow",
        );
    }
}

/// In SAML classes are URIs, and levels do not stand in for them.
fn check_saml(client: &Client, classes: &[String], problems: &mut Problems) {
    if let Some(class) = classes.iter().find(|class| Uri::parse(class).is_none()) {
        let message = format!("Invalid URI for ACR-LOA map: {class}");
        problems.add("attributes.acr.loa.map", class, &message);
    }
    if let Some(minimum) = attribute(client, "minimum.acr.value")
        && !classes.iter().any(|class| class == minimum)
    {
        problems.add(
            "attributes.minimum.acr.value",
            minimum,
            "Minimum ACR value needs to be a URI specified in the ACR-To-Loa mapping",
        );
    }
}

/// The names in a map of classes to levels; absent when it is no object of integers.
fn classes(map: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    let read = json::read_object(map.as_bytes(), |name, level| {
        level.integer()?;
        names.push(name.to_owned());
        Ok(())
    });
    read.ok().map(|()| names)
}
