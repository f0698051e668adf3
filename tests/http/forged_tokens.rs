//! Tokens that somebody else made, or that were made for something else, open nothing (RFC 8725).

use anyhow::Context;
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use matricula_tests::{PASSWORD, Service};
use reqwest::Method;
use serde_json::{Value, json};

/// A server with the realms `shop` and `other`, and what a forger may know and steal of it.
struct Scene {
    service: Service,
    /// A good initial access token of realm `shop`.
    initial: String,
    /// What it says.
    claims: Value,
    /// `kid` and key that it is signed with.
    key: (String, Vec<u8>),
    /// The same of realm `other`.
    others_key: (String, Vec<u8>),
    /// The published RSA key of realm `shop`.
    published: Value,
}

impl Scene {
    async fn start() -> anyhow::Result<Scene> {
        let service = Service::start()?;
        for realm in ["shop", "other"] {
            service.realm(realm).await?;
        }
        let initial = service.initial_access_token("shop", json!({"count": 100})).await?;
        service.initial_access_token("other", json!({"count": 100})).await?;
        let claims = initial.split('.').nth(1).context("no claims")?;
        let claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims)?)?;
        let certs = format!("{}/realms/shop/protocol/openid-connect/certs", service.url);
        let certs: Value = service.http.get(certs).send().await?.json().await?;
        let published = certs["keys"].as_array().into_iter().flatten().find(|key| key["use"] == "sig").cloned();
        Ok(Scene {
            key: service.realm_key("shop", "HS512").await?,
            others_key: service.realm_key("other", "HS512").await?,
            published: published.context("no published key")?,
            service,
            initial,
            claims,
        })
    }

    /// The good claims with some changes.
    fn claims(&self, changes: Value) -> Value {
        let mut claims = self.claims.clone();
        for (name, value) in changes.as_object().into_iter().flatten() {
            claims[name] = value.clone();
        }
        claims
    }

    /// A token with changed claims, signed as the server signs.
    fn signed(&self, changes: Value) -> String {
        sign(json!({"alg": "HS512", "typ": "JWT", "kid": self.key.0}), &self.claims(changes), &self.key.1)
    }

    /// Status and error of a registration with this token.
    async fn register(&self, token: &str) -> anyhow::Result<(u16, Value)> {
        let request = self.service.register("shop", "default", Some(token)).json(&json!({}));
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        Ok((status, answer.json().await.unwrap_or_default()))
    }
}

/// A token with this header and these claims, signed with HMAC by the header's algorithm, or not at all.
fn sign(header: Value, claims: &Value, key: &[u8]) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", encode(&header), encode(claims));
    let algorithm = match header["alg"].as_str() {
        Some("HS256") => hmac::HMAC_SHA256,
        Some("HS384") => hmac::HMAC_SHA384,
        Some("HS512" | "RS256" | "ES256") => hmac::HMAC_SHA512,
        _ => return format!("{text}."),
    };
    let signature = hmac::sign(&hmac::Key::new(algorithm, key), text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// Every token must be refused as one that cannot be decoded, and none may have registered anything.
async fn all_refused(scene: &Scene, forgeries: Vec<(String, String)>) -> anyhow::Result<()> {
    let before = scene.service.clients("shop", "").await?.len();
    for (what, token) in forgeries {
        let (status, answer) = scene.register(&token).await?;
        assert_eq!((status, &answer["error"]), (401, &json!("invalid_token")), "{what}: {answer}");
    }
    assert_eq!(scene.service.clients("shop", "").await?.len(), before);
    let (status, answer) = scene.register(&scene.initial).await?;
    assert_eq!(status, 201, "the good token: {answer}");
    Ok(())
}

#[tokio::test]
async fn a_token_chooses_no_algorithm_and_brings_no_key() -> anyhow::Result<()> {
    let scene = Scene::start().await?;
    assert_eq!(scene.register(&scene.signed(json!({}))).await?.0, 201, "the forger's tools are good");
    let (kid, key) = (&scene.key.0, &scene.key.1);
    let rsa = &scene.published["kid"];
    let claims = &scene.claims;
    let mut forgeries = Vec::new();
    let mut forge = |what: &str, header: Value, key: &[u8]| {
        forgeries.push((format!("{what}: {header}"), sign(header, claims, key)));
    };
    for none in ["none", "None", "NONE", "nOnE", ""] {
        forge("no algorithm", json!({"alg": none, "kid": kid}), b"");
        forge("no algorithm", json!({"alg": none, "kid": rsa}), b"");
        forge("no algorithm", json!({"alg": none}), b"");
    }
    forge("no algorithm at all", json!({"kid": kid}), b"");
    // What is public must not verify as an HMAC key.
    let certificate = scene.published["x5c"][0].as_str().context("no certificate")?;
    let pem = format!("-----BEGIN CERTIFICATE-----\n{certificate}\n-----END CERTIFICATE-----\n");
    let modulus = scene.published["n"].as_str().context("no modulus")?;
    for algorithm in ["HS256", "HS384", "HS512"] {
        let header = json!({"alg": algorithm, "kid": rsa});
        forge("the certificate as PEM", header.clone(), pem.as_bytes());
        forge("the certificate's bytes", header.clone(), &STANDARD.decode(certificate)?);
        forge("the modulus as text", header.clone(), modulus.as_bytes());
        forge("the modulus", header.clone(), &URL_SAFE_NO_PAD.decode(modulus)?);
        forge("the published key as JSON", header, scene.published.to_string().as_bytes());
    }
    // The right key under another algorithm's name.
    for algorithm in ["HS256", "HS384", "RS256", "ES256"] {
        forge("another algorithm", json!({"alg": algorithm, "kid": kid}), key);
    }
    // The `kid` leads nowhere but to the realm's keys.
    for kid in [
        json!("/dev/null"),
        json!("../../../../../../../../dev/null"),
        json!("file:///dev/null"),
        json!("https://evil.example/key"),
        json!("' OR '1'='1"),
        json!("' UNION SELECT '' --"),
        json!("x\u{0}"),
        json!(""),
        json!(format!("{kid} ")),
        json!(kid.to_uppercase()),
        json!("k".repeat(100_000)),
        json!(rsa),
        json!(scene.others_key.0),
        json!(null),
        json!(1),
        json!([kid]),
    ] {
        for secret in [&b""[..], b"\0", b"secret"] {
            forge("a kid", json!({"alg": "HS512", "kid": kid}), secret);
        }
    }
    forge("no kid, right key", json!({"alg": "HS512"}), key);
    let jwk = json!({"kty": "oct", "k": URL_SAFE_NO_PAD.encode("mine"), "alg": "HS512", "kid": "mine"});
    forge("its own key", json!({"alg": "HS512", "kid": "mine", "jwk": jwk}), b"mine");
    forge("its own key under our name", json!({"alg": "HS512", "kid": kid, "jwk": jwk}), b"mine");
    for member in ["jku", "x5u"] {
        forge(
            "an address of keys",
            json!({"alg": "HS512", "kid": "mine", member: "https://evil.example/keys"}),
            b"mine",
        );
    }
    forge("another realm's key", json!({"alg": "HS512", "kid": scene.others_key.0}), &scene.others_key.1);
    forge("another realm's key under our name", json!({"alg": "HS512", "kid": kid}), &scene.others_key.1);
    all_refused(&scene, forgeries).await
}

#[tokio::test]
async fn a_token_of_another_issuer_or_another_time_is_refused_though_its_signature_is_right() -> anyhow::Result<()> {
    let scene = Scene::start().await?;
    let issuer = scene.claims["iss"].as_str().context("no issuer")?;
    let now = i64::try_from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs())?;
    let changes = [
        json!({"iss": issuer.replace("/shop", "/other")}),
        json!({"iss": issuer.replace("/shop", "/master")}),
        json!({"iss": format!("{issuer}/")}),
        json!({"iss": issuer.to_uppercase()}),
        json!({"iss": issuer.replace("http:", "https:")}),
        json!({"iss": "https://evil.example/realms/shop"}),
        json!({"iss": ""}),
        json!({"iss": null}),
        json!({"iss": [issuer]}),
        json!({"exp": now - 2}),
        json!({"exp": 1}),
        json!({"exp": -1}),
        json!({"exp": "9999999999"}),
        json!({"nbf": now + 60}),
        json!({"nbf": i64::MAX}),
        json!({"nbf": "soon"}),
        json!({"typ": "ID"}),
        json!({"typ": "Refresh"}),
        json!({"typ": "initialaccesstoken"}),
        json!({"typ": "InitialAccessToken "}),
        json!({"typ": ""}),
        json!({"typ": null}),
        // An id that no initial access token has; one of another realm is the same.
        json!({"jti": "00000000-0000-0000-0000-000000000000"}),
        json!({"jti": ""}),
        json!({"jti": "' OR '1'='1"}),
        json!({"jti": "%"}),
    ];
    let forgeries = changes.into_iter().map(|change| (change.to_string(), scene.signed(change))).collect();
    all_refused(&scene, forgeries).await
}

#[tokio::test]
async fn a_token_that_was_altered_cut_or_blown_up_is_refused() -> anyhow::Result<()> {
    let scene = Scene::start().await?;
    let good = scene.initial.as_str();
    let parts: Vec<&str> = good.split('.').collect();
    let [header, claims, signature] = parts[..] else { anyhow::bail!("{} parts", parts.len()) };
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let other = |text: &str| format!("{}{}", if text.starts_with('A') { 'B' } else { 'A' }, &text[1..]);
    let mut forgeries: Vec<(String, String)> = [
        ("other claims", format!("{header}.{}.{signature}", encode(&scene.claims(json!({"count": 1}))))),
        ("other header", format!("{}.{claims}.{signature}", encode(&json!({"alg": "HS512", "kid": scene.key.0})))),
        ("another signature", format!("{header}.{claims}.{}", other(signature))),
        ("an empty signature", format!("{header}.{claims}.")),
        ("no signature", format!("{header}.{claims}")),
        ("empty claims", format!("{header}..{signature}")),
        ("an empty header", format!(".{claims}.{signature}")),
        ("half a signature", format!("{header}.{claims}.{}", &signature[..signature.len() / 2])),
        ("padding", format!("{good}=")),
        ("a fourth part", format!("{good}.x")),
        ("five parts", format!("{good}.x.y")),
        ("a dot behind", format!("{good}.")),
        ("a dot before", format!(".{good}")),
        ("twice", format!("{good},{good}")),
        ("two dots", "..".to_owned()),
        ("no dots", "x".to_owned()),
        ("claims that are no object", sign(json!({"alg": "HS512", "kid": scene.key.0}), &json!([1]), &scene.key.1)),
        ("much", format!("{header}.{}.{signature}", "A".repeat(300_000))),
    ]
    .map(|(what, token)| (what.to_owned(), token))
    .to_vec();
    for cut in [1, 2, 3, 10, signature.len() + 1, good.len() - 10] {
        forgeries.push((format!("{cut} characters less"), good[..good.len() - cut].to_owned()));
    }
    all_refused(&scene, forgeries).await?;
    // More than the server reads of a head: it may close the connection before it has heard everything.
    let large = format!("{header}.{}.{signature}", "A".repeat(1 << 20));
    if let Ok((status, _)) = scene.register(&large).await {
        assert_eq!(status, 431);
    }
    assert_eq!(scene.register(good).await?.0, 201, "the server goes on");
    Ok(())
}

#[tokio::test]
async fn a_token_is_good_for_its_own_purpose_only() -> anyhow::Result<()> {
    let scene = Scene::start().await?;
    let service = &scene.service;
    let register = async |id: &str| -> anyhow::Result<Value> {
        let request = service.register("shop", "default", Some(&scene.initial)).json(&json!({"clientId": id}));
        Ok(request.send().await?.error_for_status()?.json().await?)
    };
    let (mine, yours) = (register("mine").await?, register("yours").await?);
    let token = |client: &Value| client["registrationAccessToken"].as_str().unwrap_or_default().to_owned();
    let (mine, yours) = (token(&mine), token(&yours));
    let form = |grant: &str, more: &[(&str, &str)]| {
        let mut form =
            vec![("grant_type".to_owned(), grant.to_owned()), ("client_id".to_owned(), "admin-cli".to_owned())];
        form.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        service.http.post(format!("{}/realms/master/protocol/openid-connect/token", service.url)).form(&form)
    };
    let login = form("password", &[("username", "admin"), ("password", PASSWORD), ("scope", "openid")]);
    let login: Value = login.send().await?.json().await?;
    let of_login = |name: &str| login[name].as_str().unwrap_or_default().to_owned();
    let (access, refresh, id) = (of_login("access_token"), of_login("refresh_token"), of_login("id_token"));
    let client = format!("{}/realms/shop/clients-registrations/default/mine", service.url);
    let master = format!("{}/realms/master/clients-registrations/default", service.url);
    let admin = format!("{}/admin/realms/shop", service.url);
    for (what, method, url, token, expected) in [
        ("an initial access token reads", Method::GET, &client, &scene.initial, 401),
        ("an initial access token updates", Method::PUT, &client, &scene.initial, 401),
        ("an initial access token deletes", Method::DELETE, &client, &scene.initial, 401),
        ("another client's token reads", Method::GET, &client, &yours, 401),
        ("another client's token updates", Method::PUT, &client, &yours, 401),
        ("another client's token deletes", Method::DELETE, &client, &yours, 401),
        ("an administrator of master reads in shop", Method::GET, &client, &access, 401),
        ("a refresh token registers", Method::POST, &master, &refresh, 401),
        ("an ID token registers", Method::POST, &master, &id, 401),
        ("a token of shop registers in master", Method::POST, &master, &scene.initial, 401),
        ("a client's token administers", Method::GET, &admin, &mine, 401),
        ("an initial access token administers", Method::GET, &admin, &scene.initial, 401),
        ("a refresh token administers", Method::GET, &admin, &refresh, 401),
        ("an ID token administers", Method::GET, &admin, &id, 401),
    ] {
        let request = service.http.request(method, url).bearer_auth(token).json(&json!({"clientId": "mine"}));
        let answer = request.send().await?;
        assert_eq!(answer.status(), expected, "{what}: {}", answer.text().await?);
    }
    // Registering with it counts as anonymous, as in Keycloak: the policies keep it out.
    let request =
        service.register("shop", "default", Some(&mine)).json(&json!({"redirectUris": ["https://x.example/"]}));
    assert_eq!(request.send().await?.status(), 403);
    for (what, token) in [("an access token", &access), ("an ID token", &id), ("a client's token", &mine)] {
        let answer = form("refresh_token", &[("refresh_token", token)]).send().await?;
        assert_eq!(answer.status(), 400, "{what} refreshes: {}", answer.text().await?);
    }
    let answer = service.http.get(&client).bearer_auth(&mine).send().await?;
    assert_eq!(answer.status(), 200, "the client itself reads");
    Ok(())
}
