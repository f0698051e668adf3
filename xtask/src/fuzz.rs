//! `cargo xtask fuzz`: libFuzzer on the targets of `tests/fuzz`.
//!
//! It works with a stable compiler: counting branches is a pass of LLVM that only our own crates go through
//! (`tests/fuzz/rustc`), so that dependencies need not be compiled anew. What is found new goes below `target/fuzz`.

use crate::command::{run, succeeds};
use crate::components;
use crate::steps::Steps;
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use std::fs;
use std::process::Command;

/// Memory that a target may take, in MiB: more counts as found.
const MEMORY: u32 = 2048;
/// Longest input that is kept with the sources, in bytes.
const LENGTH: u32 = 8192;

/// Fuzzes this target, or each, for so many seconds. With `keep` what reaches new code is added to the corpus.
///
/// # Errors
/// An input was found that breaks something: the error names its file.
pub(crate) fn fuzz(workspace: &Workspace, target: Option<&str>, seconds: u32, keep: bool) -> Result<()> {
    let corpora = workspace.root.join("tests/fuzz/corpus");
    let mut targets = Vec::new();
    for entry in fs::read_dir(&corpora).with_context(|| corpora.display().to_string())? {
        targets.push(entry?.file_name().to_string_lossy().into_owned());
    }
    targets.sort();
    if let Some(wanted) = target {
        targets.retain(|name| name == wanted);
    }
    if targets.is_empty() {
        bail!("no such target: there is a folder for each in {}", corpora.display());
    }
    let mut steps = Steps::new("fuzz");
    if steps.run("build", || build(workspace)) {
        for name in targets {
            steps.run(&name, || try_target(workspace, &name, seconds, keep));
        }
    }
    steps.finish()
}

fn build(workspace: &Workspace) -> Result<()> {
    components::build(workspace)?;
    let mut cargo = workspace.cargo(&["build", "--release", "--package", "matricula-fuzz", "--features", "libfuzzer"]);
    run(cargo.env("RUSTC_WORKSPACE_WRAPPER", workspace.root.join("tests/fuzz/rustc")))
}

fn try_target(workspace: &Workspace, name: &str, seconds: u32, keep: bool) -> Result<()> {
    let kept = workspace.root.join("tests/fuzz/corpus").join(name);
    let working = workspace.target.join("fuzz/corpus").join(name);
    let found = workspace.target.join("fuzz/found");
    for folder in [&working, &found] {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    let fuzzer = || {
        let program = workspace.target.join("release/matricula-fuzz");
        // Names that a fuzzer makes up must reach no name server.
        let apart = ["--map-root-user", "--net"];
        let mut command = if succeeds(Command::new("unshare").args(apart).arg("true")) {
            let mut command = Command::new("unshare");
            command.args(apart).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.env("FUZZ_TARGET", name).env("MATRICULA_LOG", "off");
        command.arg(format!("-rss_limit_mb={MEMORY}"));
        command.arg(format!("-artifact_prefix={}/{name}-", found.display()));
        command
    };
    run(fuzzer()
        .arg(format!("-max_total_time={seconds}"))
        .args(["-print_final_stats=1", "-verbosity=0"])
        .args([&working, &kept]))
    .with_context(|| format!("see {}", found.display()))?;
    if keep {
        run(fuzzer().args(["-merge=1", "-verbosity=0"]).arg(format!("-max_len={LENGTH}")).args([&kept, &working]))?;
    }
    Ok(())
}
