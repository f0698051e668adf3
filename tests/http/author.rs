//! The tools for authors of policies, as they are used: what they say, and how they end.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use matricula_tests::{guests, program};
use serde_json::{Value, json};

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> anyhow::Result<Folder> {
        let folder = std::env::temp_dir().join(format!("matricula-author-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir_all(&folder)?;
        Ok(Folder(folder))
    }

    /// Writes a file; its path.
    fn file(&self, name: &str, content: &[u8]) -> anyhow::Result<String> {
        let file = self.0.join(name);
        std::fs::write(&file, content)?;
        Ok(file.display().to_string())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // It is in the way of nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs `matricula policy …` in a folder.
fn policy(folder: &Path, arguments: &[&str]) -> anyhow::Result<Output> {
    Ok(Command::new(program()?).arg("policy").args(arguments).current_dir(folder).output()?)
}

/// Runs `matricula connector …` in a folder.
fn connector(folder: &Path, arguments: &[&str]) -> anyhow::Result<Output> {
    Ok(Command::new(program()?).arg("connector").args(arguments).current_dir(folder).output()?)
}

/// Standard output and error as text.
fn said(output: &Output) -> (String, String) {
    (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn built_in() -> String {
    root().join("target/components/builtin.wasm").display().to_string()
}

#[test]
fn every_case_has_the_expected_answer() -> anyhow::Result<()> {
    let mut components = 0;
    for folder in std::fs::read_dir(root().join("tests/cases"))? {
        let folder = folder?.path();
        if !folder.is_dir() {
            continue;
        }
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let component = root().join(format!("target/components/{name}.wasm"));
        let run = policy(&root(), &["test", &component.display().to_string(), &folder.display().to_string()])?;
        let (out, error) = said(&run);
        assert!(run.status.success(), "{out}{error}");
        components += 1;
    }
    assert!(components > 2, "{components}");
    Ok(())
}

#[test]
fn a_file_of_cases_means_what_the_bench_reads() -> anyhow::Result<()> {
    let folder = Folder::new()?;
    for file in std::fs::read_dir(root().join("tests/case-format"))? {
        let file = file?.path();
        if file.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let examples: Vec<Value> = serde_json::from_slice(&std::fs::read(&file)?)?;
        for example in examples {
            let word = |name: &str| example[name].as_str().unwrap_or_default();
            let about = word("about");
            let text = example["text"].as_str().map_or_else(|| example["file"].to_string(), str::to_owned);
            let cases = folder.file("case.json", text.as_bytes())?;
            let component = format!("{}.wasm", word("component"));
            let ours = root().join("target/components").join(&component);
            let component = if ours.exists() { ours } else { guests()?.join(&component) };
            let run = policy(&folder.0, &["test", &component.display().to_string(), &cases])?;
            let (out, error) = said(&run);
            let all = format!("{out}{error}");
            let ended = match (run.status.success(), out.contains("but it is")) {
                (true, _) => "passes",
                (false, true) => "differs",
                (false, false) => "mistake",
            };
            assert_eq!(ended, word("ends"), "{about}: {all}");
            assert!(all.contains(word("says")), "{about}: {all}");
        }
    }
    Ok(())
}

#[test]
fn check_explains_what_is_wrong_with_a_file() -> anyhow::Result<()> {
    let folder = Folder::new()?;
    let guest = |name: &str| anyhow::Ok(guests()?.join(format!("{name}.wasm")).display().to_string());
    // The bindings name their contract; in a file of another version they name that.
    let ours = std::fs::read(guest("miscounts")?)?;
    let other = String::from_utf8_lossy(b"registration/policies@0.1.0").replace("0.1.0", "0.9.0");
    let mut aged = ours.clone();
    let places: Vec<_> = ours
        .windows(other.len())
        .enumerate()
        .filter(|(_, part)| *part == b"registration/policies@0.1.0")
        .map(|(at, _)| at)
        .collect();
    for at in places {
        aged[at..at + other.len()].copy_from_slice(other.as_bytes());
    }
    for (file, reason) in [
        (folder.file("text.wasm", b"(component)")?, "it is no WebAssembly file"),
        (folder.file("module.wasm", b"\0asm\x01\0\0\0")?, "matricula policy wrap"),
        (folder.file("cut.wasm", &ours[..ours.len() / 2])?, "it is no valid component"),
        (folder.file("empty.wasm", b"\0asm\x0d\0\x01\0")?, "it is of the wrong world: it exports nothing"),
        (folder.file("aged.wasm", &aged)?, "made for version 0.9.0 of the contract, and this server has 0.1.0"),
        (guest("wrong-world")?, "it is of the wrong world: it exports test:greeting/greeter"),
        (guest("outsider")?, "test:outsider/clock: it is not in the contract"),
        (guest("miscounts")?, "self-check of miscounts at after-register with an empty client: 0 decisions"),
        (
            guest("fragile")?,
            "self-check of fragile at before-register with an empty client: the policy has no answer: panicked at",
        ),
        (guest("reserved")?, "policy reserved has a setting `mode`: that name belongs to the server"),
        (
            guest("other-types")?,
            "it does not export `policies.describe` as the contract 0.1.0 has it: its result: `policy-provider`: field \
             `version`: `string` is expected, not `u32`",
        ),
        (guest("asks-more")?, "it imports `facts.weather`, which the contract 0.1.0 does not have"),
        (built_in(), "already: policies"),
        (folder.0.join("nowhere.wasm").display().to_string(), "nowhere.wasm"),
    ] {
        let checked = policy(&folder.0, &["check", &file])?;
        let (out, error) = said(&checked);
        assert_eq!(checked.status.code(), Some(1), "{file}: {out}");
        assert!(error.contains(reason), "{file}: {error}");
    }
    Ok(())
}

#[test]
fn check_shows_what_a_good_component_offers() -> anyhow::Result<()> {
    let checked = policy(&root(), &["check", &guests()?.join("plain-text.wasm").display().to_string()])?;
    let (out, error) = said(&checked);
    assert!(checked.status.success(), "{error}");
    assert!(out.contains("exports matricula:registration/providers@0.1.0"), "{out}");
    assert!(out.contains("provider plain-text: text/plain\n  offers register, read\n"), "{out}");
    assert!(out.ends_with("ok\n"), "{out}");
    let checked = policy(&root(), &["check", &guests()?.join("errand.wasm").display().to_string()])?;
    let (out, error) = said(&checked);
    assert!(checked.status.success(), "{error}");
    assert!(out.contains("exports matricula:registration/connectors@0.2.0"), "{out}");
    assert!(out.contains("connector errand 1: For tests\n  takes clients of openid-connect, saml\n"), "{out}");
    assert!(out.contains("  able: shows what it has, lists its clients, disables\n"), "{out}");
    assert!(out.ends_with("ok\n"), "{out}");
    Ok(())
}

#[test]
fn run_prints_the_decision_and_what_it_took() -> anyhow::Result<()> {
    let folder = Folder::new()?;
    let request = json!({
        "policy": {"provider": "trusted-hosts", "config": {"trusted-hosts": ["localhost"]}},
        "hook": "before-register",
        "facts": {"names-of": {"127.0.0.1": ["localhost"]}},
        "proposed": {"redirect-uris": ["https://elsewhere.example/cb"]},
    });
    let request = folder.file("request.json", request.to_string().as_bytes())?;
    let refused = policy(&folder.0, &["run", &built_in(), "--request", &request])?;
    let (out, error) = said(&refused);
    assert!(refused.status.success(), "{error}");
    assert!(out.starts_with("reject\n"), "{out}");
    assert!(out.contains("\"value\": \"https://elsewhere.example/cb\""), "{out}");
    assert!(
        out.lines().last().is_some_and(|cost| cost.starts_with("took ") && cost.ends_with("MiB of memory")),
        "{out}"
    );

    let settings = folder.file("settings.json", b"{\"trusted-hosts\": [\"localhost\", \"elsewhere.example\"]}")?;
    let accepted = policy(&folder.0, &["run", &built_in(), "--request", &request, "--config", &settings])?;
    assert!(said(&accepted).0.starts_with("accept\n"), "{:?}", said(&accepted));
    Ok(())
}

#[test]
fn run_says_why_a_policy_has_no_answer() -> anyhow::Result<()> {
    let folder = Folder::new()?;
    let unruly = guests()?.join("unruly.wasm").display().to_string();
    for (kind, reason) in [
        ("loops", "it took longer than 1 s"),
        ("hoards", "it wants more than 64 MiB of memory"),
        ("traps", "src/lib.rs:"),
        ("traps", ": trapped on purpose"),
        ("recurses", "its calls are nested too deeply"),
        ("mumbles", "utf-8"),
        ("nobody", "the component has no policy of that kind, only loops, traps"),
    ] {
        let request = json!({"policy": {"provider": kind}, "hook": "after-register", "proposed": {"client-id": "app"}});
        let request = folder.file("request.json", request.to_string().as_bytes())?;
        let run = policy(&folder.0, &["run", &unruly, "--request", &request])?;
        let (out, error) = said(&run);
        assert_eq!(run.status.code(), Some(1), "{kind}: {out}");
        assert!(error.contains(reason), "{kind}: {error}");
    }
    Ok(())
}

#[test]
fn a_case_that_fails_or_cannot_be_read_is_named() -> anyhow::Result<()> {
    let folder = Folder::new()?;
    let case = |member: &str, value: serde_json::Value| {
        let mut case = json!({
            "name": "switches consent on",
            "policy": {"provider": "consent-required"},
            "hook": "after-register",
            "proposed": {"client-id": "app"},
            "expected": {"amend": {"consent-required": true}},
        });
        case[member] = value;
        case.to_string()
    };
    for (text, reason) in [
        (case("expected", json!({"accept": []})), "1 of 1 cases failed"),
        (case("expected", json!({"agree": []})), "\"agree\" is none of accept, amend, hold, reject"),
        (case("proposed", json!({"redirect-uri": []})), "there is no \"redirect-uri\""),
        (case("proposed", json!({"enabled": "yes"})), "enabled: true or false is expected"),
        (case("hook", json!("before-view")), "never asked at before-view"),
        (case("hooks", json!([])), "unknown field `hooks`"),
        (case("name", json!("")), "has no `name`"),
        ("[]".to_owned(), "no cases in"),
    ] {
        let file = folder.file("case.json", text.as_bytes())?;
        let run = policy(&folder.0, &["test", &built_in(), &file])?;
        let (out, error) = said(&run);
        assert_eq!(run.status.code(), Some(1), "{text}: {out}");
        assert!(format!("{out}{error}").contains(reason), "{text}: {out}{error}");
    }
    Ok(())
}

#[test]
fn a_new_policy_needs_a_good_name_and_a_free_place() -> anyhow::Result<()> {
    let folder = Folder::new()?;
    for (language, rule) in [("rust", "src/lib.rs"), ("javascript", "MY_KIND.js"), ("python", "MY_KIND.py")] {
        for kind in ["policy", "condition", "executor", "provider"] {
            let name = if kind == "policy" { format!("in-{language}") } else { format!("{kind}-in-{language}") };
            let made = policy(&folder.0, &["new", &name, "--language", language, "--kind", kind])?;
            assert!(made.status.success(), "{:?}", said(&made));
            assert!(folder.0.join(&name).join("cases").read_dir()?.next().is_some(), "{name} has no cases");
            for file in ["build.sh", "README.md", "request.json", ".gitignore", &rule.replace("MY_KIND", kind)] {
                let file = folder.0.join(&name).join(file);
                let text = std::fs::read_to_string(&file)?;
                for placeholder in ["my-policy", "MY_POLICY", "MY_KIND", "MY_WORLD", "MY_WHAT"] {
                    assert!(!text.contains(placeholder), "{placeholder} in {}", file.display());
                }
            }
        }
    }
    for (name, reason) in [
        ("in-rust", "making the folder in-rust"),
        ("My Policy", "is no name"),
        ("a--b", "is no name"),
        ("../up", "is no name"),
    ] {
        let refused = policy(&folder.0, &["new", name, "--language", "rust"])?;
        assert_eq!(refused.status.code(), Some(1), "{name}");
        assert!(said(&refused).1.contains(reason), "{name}: {:?}", said(&refused));
    }
    Ok(())
}

#[test]
fn every_case_of_a_built_in_connector_ends_as_expected() -> anyhow::Result<()> {
    for name in ["hydra", "keycloak", "webhook"] {
        let component = root().join(format!("target/components/connector-{name}.wasm")).display().to_string();
        let cases = root().join(format!("connectors/{name}/cases")).display().to_string();
        let run = connector(&root(), &["test", &component, &cases])?;
        let (out, error) = said(&run);
        assert!(run.status.success(), "{name}: {out}{error}");
    }
    Ok(())
}

#[test]
fn a_case_of_a_connector_that_ends_otherwise_is_told_with_its_step() -> anyhow::Result<()> {
    let folder = Folder::new()?;
    let component = root().join("target/components/connector-webhook.wasm").display().to_string();
    let case = |exchange: Value| {
        json!({"name": "tells of a removal", "exchange": exchange,
        "task": {"remove": {"id": "c-1", "client-id": "app"}}})
    };
    let call = json!({"call": {"method": "post", "path": ""}, "response": {"status": 204}});
    let done = json!({"done": {"finished": {}}});
    for (case, reason) in [
        (case(json!([call, done])), "1 cases passed"),
        (case(json!([{"call": {"method": "put"}}])), "expected step 1: call: method: \"put\"\n    but it is \"post\""),
        (case(json!([call, {"failed": "no"}])), "expected step 2: {\"failed\":\"no\"}\n    but it is {\"done\""),
        (case(json!([call])), "the task goes on: {\"done\""),
        (case(json!([call, done, done])), "the task ends with step 2"),
        (case(json!([{"call": {}, "response": {"state": 204}}])), "unknown field `state`"),
        (case(json!([])), "it has neither a `task` with an `exchange` nor a `call`"),
        (json!({"name": "", "task": "probe", "exchange": [done]}), "it has no `name`"),
        (json!({"name": "reviews", "call": "review", "expected": {}}), "`client` is missing"),
        (json!({"name": "adds", "task": {"add": {}}, "exchange": [done]}), "\"add\" is none of put, remove, look"),
    ] {
        let file = folder.file("case.json", case.to_string().as_bytes())?;
        let (out, error) = said(&connector(&folder.0, &["test", &component, &file])?);
        assert!(format!("{out}{error}").contains(reason), "{case}: {out}{error}");
    }
    Ok(())
}

#[test]
fn a_new_connector_has_all_that_it_needs() -> anyhow::Result<()> {
    let folder = Folder::new()?;
    for (language, files) in [
        ("rust", ["src/lib.rs", "sdk/src/connector/case.rs", "sdk/wit/next/connector.wit"]),
        ("javascript", ["connector.js", "sdk/matricula.js", "wit/deps/registration-0.1.0/client.wit"]),
        ("python", ["connector.py", "matricula/__init__.py", "wit/connector.wit"]),
    ] {
        let name = format!("in-{language}");
        let made = connector(&folder.0, &["new", &name, "--language", language])?;
        let (out, error) = said(&made);
        assert!(made.status.success(), "{error}");
        assert!(out.contains(&format!("matricula connector test {name}/{name}.wasm")), "{out}");
        assert!(folder.0.join(&name).join("cases").read_dir()?.next().is_some(), "{name} has no cases");
        for file in ["build.sh", "README.md", ".gitignore"].iter().chain(&files) {
            let file = folder.0.join(&name).join(file);
            let text = std::fs::read_to_string(&file)?;
            for placeholder in ["my-policy", "MY_POLICY", "MY_KIND", "MY_WORLD", "MY_WHAT", "MY_NOW"] {
                assert!(!text.contains(placeholder), "{placeholder} in {}", file.display());
            }
        }
    }
    Ok(())
}
