//! Clients as lines of `name: value`.

use matricula_policy_sdk::{Client, Document, Host, Operation, Provider, Registration, Violation};

/// The names of the lines, and the fields of the client.
const NAMES: [(&str, &str); 3] = [("client_id", "client-id"), ("name", "name"), ("redirect_uri", "redirect-uris")];

struct Lines;

impl Provider for Lines {
    const ID: &'static str = "my-policy";
    const CONTENT_TYPES: &'static [&'static str] = &["text/plain"];
    const PROTOCOL: Option<&'static str> = Some("openid-connect");

    fn parse(document: &Document, _: Operation, _: &Host) -> Result<Client, Vec<Violation>> {
        let text = std::str::from_utf8(&document.body).map_err(|_| wrong("The document is not written in UTF-8"))?;
        let mut client = Client::default();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let (name, value) = line.split_once(':').ok_or_else(|| wrong(format!("A line without a colon: {line}")))?;
            let value = value.trim().to_owned();
            match name.trim() {
                "client_id" => client.client_id = Some(value),
                "name" => client.name = Some(value),
                "redirect_uri" => client.redirect_uris.get_or_insert_default().push(value),
                other => return Err(wrong(format!("There is no line '{other}'"))),
            }
        }
        Ok(client)
    }

    fn render(client: &Client, registration: &Registration) -> Document {
        let mut lines = Vec::new();
        let mut line = |name: &str, value: &Option<String>| {
            lines.extend(value.as_ref().map(|value| format!("{name}: {value}\n")));
        };
        line("client_id", &client.client_id);
        line("client_secret", &client.secret);
        line("name", &client.name);
        for uri in client.redirect_uris.iter().flatten() {
            line("redirect_uri", &Some(uri.clone()));
        }
        line("registration_access_token", &registration.access_token);
        line("registration_client_uri", &Some(registration.client_uri.clone()));
        Document { content_type: "text/plain;charset=UTF-8".to_owned(), body: lines.concat().into_bytes() }
    }

    fn document_name(field: &str) -> Option<String> {
        NAMES.iter().find(|(_, of)| *of == field).map(|(name, _)| (*name).to_owned())
    }
}

fn wrong(message: impl Into<String>) -> Vec<Violation> {
    vec![Violation::new(message)]
}

matricula_policy_sdk::export_providers!(Lines);
