//! The program as people use it: what it prints, and the commands beside `serve`.

use std::process::Command;

use anyhow::ensure;
use matricula_tests::{PASSWORD, Service, program};

#[tokio::test]
async fn the_commands_of_the_first_start_register_a_client_when_pasted() -> anyhow::Result<()> {
    let service = Service::start()?;
    let commands: String =
        service.greeting.lines().filter(|line| line.starts_with("  ")).fold(String::new(), |mut text, line| {
            text.push_str(line);
            text.push('\n');
            text
        });
    ensure!(commands.contains("curl"), "no commands in {:?}", service.greeting);
    let pasted = Command::new("bash").args(["-c", &commands]).env("MATRICULA_ADMIN_PASSWORD", PASSWORD).output()?;
    let answer = String::from_utf8_lossy(&pasted.stdout);
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer} {}", String::from_utf8_lossy(&pasted.stderr));
    assert_eq!(service.clients("master", "myclient").await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn realms_tokens_and_policies_are_administered_from_the_command_line() -> anyhow::Result<()> {
    let service = Service::start()?;
    service.command(&["realm", "create", "shop"])?;
    assert!(service.command(&["realm", "list"])?.contains("shop"));
    let token = service.command(&["token", "create", "--realm", "shop", "--count", "2"])?;
    let made = service.register("shop", "default", Some(token.trim())).json(&serde_json::json!({})).send().await?;
    assert_eq!(made.status(), 201);
    let listed = service.command(&["token", "list", "--realm", "shop"])?;
    let row = listed.lines().nth(1).unwrap_or_default();
    assert_eq!(row.split_whitespace().skip(1).collect::<Vec<_>>(), ["1", "2", "never"]);
    let id = row.split_whitespace().next().unwrap_or_default();
    service.command(&["token", "revoke", id, "--realm", "shop"])?;
    let refused = service.register("shop", "default", Some(token.trim())).json(&serde_json::json!({})).send().await?;
    assert_eq!(refused.status(), 401);
    let policies = service.command(&["policy", "list", "--realm", "shop"])?;
    assert!(policies.lines().nth(1).is_some_and(|first| first.contains("Trusted Hosts")), "{policies}");
    Ok(())
}

#[test]
fn a_mistake_is_explained_and_ends_with_an_error() -> anyhow::Result<()> {
    let service = Service::start()?;
    let wrong =
        Command::new(program()?).args(["realm", "list", "--server", &service.url, "--password", "wrong"]).output()?;
    assert!(!wrong.status.success());
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("Invalid user credentials"));
    Ok(())
}

#[test]
fn options_come_from_the_file_unless_they_are_given() -> anyhow::Result<()> {
    let folder = std::env::temp_dir().join(format!("matricula-options-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("matricula.toml"), "listen = \"nonsense\"\n")?;
    let named = Command::new(program()?).arg("serve").current_dir(&folder).output()?;
    assert!(String::from_utf8_lossy(&named.stderr).contains("nonsense"));
    std::fs::write(folder.join("matricula.toml"), "lisen = \"127.0.0.1:0\"\n")?;
    let unknown = Command::new(program()?).arg("serve").current_dir(&folder).output()?;
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("lisen"));
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}
