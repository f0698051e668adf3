//! Finding users as Keycloak finds them. What is expected was seen on Keycloak 26.7.5.

use matricula_tests::Service;
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn users_are_found_as_in_keycloak() -> anyhow::Result<()> {
    let service = Service::start()?;
    service.realm("shop").await?;
    let mut ids = std::collections::HashMap::new();
    for (username, email, first, last, enabled, verified) in [
        ("alice", "alice@example.com", "Alice", "Smith", true, true),
        ("alicia", "alicia@other.org", "Alicia", "Jones", false, true),
        ("bob", "bob@example.com", "Bob", "Alison", true, false),
        ("malice", "m@example.com", "Mal", "Ice", true, false),
        ("al_x", "al_x@x.org", "Ab", "Cd", true, false),
        ("zoe", "zoe@example.com", "Zoë", "Ünal Smith", true, false),
    ] {
        let body = json!({"username": username, "email": email, "firstName": first, "lastName": last,
            "enabled": enabled, "emailVerified": verified});
        let made = service.admin(Method::POST, "/shop/users", Some(body)).await?.error_for_status()?;
        ids.insert(username, made.headers()["location"].to_str()?.rsplit('/').next().unwrap_or_default().to_owned());
    }
    service.admin(Method::POST, "/shop/users", Some(json!({"username": "bare", "enabled": true}))).await?;
    let robot = json!({"clientId": "ali-robot", "publicClient": false, "serviceAccountsEnabled": true});
    service.admin(Method::POST, "/shop/clients", Some(robot)).await?.error_for_status()?;

    const PEOPLE: &str = "al_x alice alicia bare bob malice zoe";
    const EVERYBODY: &str = "al_x alice alicia bare bob malice service-account-ali-robot zoe";
    const ROBOT: &str = "service-account-ali-robot";
    let by_id = format!("search=id:{}%20{}", ids["alice"], ids["bob"]);
    for (query, expected) in [
        ("", PEOPLE),
        ("username=ALI", "alice alicia malice service-account-ali-robot"),
        ("username=ALICE&exact=true", "alice"),
        ("username=alic&exact=true", ""),
        ("username=service-account-ali-robot&exact=true", ROBOT),
        ("username=robot", ROBOT),
        ("username=al_", "al_x alice alicia malice service-account-ali-robot"),
        ("username=al%25", "al_x alice alicia malice service-account-ali-robot"),
        ("username=alice%5C", ""),
        ("username=%20alice", ""),
        ("username=*ali*", ""),
        ("username=&exact=true", EVERYBODY),
        ("username=", PEOPLE),
        ("username=alice&username=bob", "alice malice"),
        ("username=alice&exact=yes", "alice malice"),
        ("search=ali", "alice alicia bob"),
        ("search=robot", ""),
        ("search=service-account-ali-robot", ""),
        ("search=lice", ""),
        ("search=*lice", "alice malice"),
        ("search=a*e", "alice alicia"),
        ("search=%22alice%22", "alice"),
        ("search=%22alic%22", ""),
        ("search=%22alice%22%20b", ""),
        ("search=smith%20alice", "alice"),
        ("search=SMITH", "alice"),
        ("search=al%25", ""),
        ("search=al_", "al_x"),
        ("search=*", PEOPLE),
        ("search=%22%22", ""),
        ("search=", PEOPLE),
        ("search=%20alice%20", "alice"),
        ("search=alice%5C", ""),
        ("search=alice&username=bob", "alice"),
        ("search=ali&exact=true", "alice alicia bob"),
        ("search=ali&enabled=false", "alicia"),
        ("search=ali&emailVerified=true", "alice alicia"),
        ("search=ZO%C3%8B", "zoe"),
        ("search=%C3%BCnal", "zoe"),
        (by_id.as_str(), "alice bob"),
        ("search=id:nope", ""),
        ("email=example", "alice bob malice zoe"),
        ("email=ALICE@example.com&exact=true", "alice"),
        ("email=alice@example&exact=true", ""),
        ("firstName=ALI&lastName=smith", "alice"),
        ("firstName=alice&exact=true", "alice"),
        ("firstName=a%25b", "al_x"),
        ("firstName=A%25b&exact=true", ""),
        ("firstName=ZO%C3%8B", "zoe"),
        ("lastName=%C3%9CNAL", "zoe"),
        ("lastName=C_d&exact=true", ""),
        ("lastName=ison", "bob"),
        ("username=ali&email=other", "alicia"),
        ("enabled=true", "al_x alice bare bob malice service-account-ali-robot zoe"),
        ("enabled=banana", "alicia"),
        ("enabled=", PEOPLE),
        ("emailVerified=true", "alice alicia"),
        ("emailVerified=false", "al_x bare bob malice service-account-ali-robot zoe"),
        ("exact=false", EVERYBODY),
        ("idpAlias=google", ""),
        ("idpUserId=1", ""),
        ("q=color:blue", ""),
        ("q=username:alice", "alice malice"),
        ("q=enabled:true%20username:bo", "bob service-account-ali-robot"),
        ("q=username", PEOPLE),
        ("q=", PEOPLE),
        ("unknown=1", PEOPLE),
        ("briefRepresentation=true&username=alice", "alice malice"),
    ] {
        let found: Vec<Value> = service.admin(Method::GET, &format!("/shop/users?{query}"), None).await?.json().await?;
        let names: Vec<&str> = found.iter().filter_map(|user| user["username"].as_str()).collect();
        assert_eq!(names.join(" "), expected, "{query}");
        let count: Value =
            service.admin(Method::GET, &format!("/shop/users/count?{query}"), None).await?.json().await?;
        assert_eq!(count, names.len(), "{query}");
    }
    for (query, expected) in [
        ("first=1", "alice alicia bare bob malice zoe"),
        ("first=1&max=2", "alice alicia"),
        ("first=-1&max=2", "al_x alice"),
        ("first=&max=", PEOPLE),
        ("max=0", ""),
        ("max=-1", PEOPLE),
        ("enabled=true&first=1&max=1", "alice"),
    ] {
        let found: Vec<Value> = service.admin(Method::GET, &format!("/shop/users?{query}"), None).await?.json().await?;
        let names: Vec<&str> = found.iter().filter_map(|user| user["username"].as_str()).collect();
        assert_eq!(names.join(" "), expected, "{query}");
    }
    for query in ["first=x", "max=1.5", "max=99999999999"] {
        assert_eq!(service.admin(Method::GET, &format!("/shop/users?{query}"), None).await?.status(), 400, "{query}");
    }
    Ok(())
}
