//! The pages for authors as a newcomer would follow them: their shell blocks are run, and what they say is printed must be
//! printed.

use super::python;
use super::server::free_address;
use crate::apt;
use crate::command::succeeds;
use crate::steps::Steps;
use crate::toolchain::Toolchain;
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use std::env;
use std::fs;
use std::process::{Command, Stdio};

/// The pages.
const PAGES: [&str; 2] = ["docs/writing-a-policy.md", "docs/writing-a-connector.md"];
/// The addresses of the server and of a target in the pages; a run takes free ones.
const ADDRESSES: [&str; 2] = ["127.0.0.1:8080", "127.0.0.1:9000"];

/// The language that the pages are followed in.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum Language {
    /// With cargo.
    Rust,
    /// With npm.
    Javascript,
    /// With pip.
    Python,
}

impl Language {
    /// What marks its blocks: ```` ```sh rust ````.
    fn mark(self) -> &'static str {
        match self {
            Language::Rust => "rust",
            Language::Javascript => "javascript",
            Language::Python => "python",
        }
    }
}

/// Follows the pages in these languages, or in all if none is named.
///
/// # Errors
/// A block fails, or prints something else; or a tool is missing and cannot be installed.
pub(crate) fn test(workspace: &Workspace, languages: &[Language]) -> Result<()> {
    let languages = if languages.is_empty() { Language::value_variants() } else { languages };
    apt::ensure(|| succeeds(Command::new("curl").arg("--version")), &["curl"])?;
    // What a connector is tried with is written in Python.
    python::ensure()?;
    let mut steps = Steps::new("docs");
    for name in PAGES {
        let text = fs::read_to_string(workspace.root.join(name)).context(name)?;
        let page = Page { name, text };
        for language in languages {
            let step = format!("{} {}", page.word(), language.mark());
            steps.run(&step, || page.follow(workspace, *language));
        }
    }
    steps.finish()
}

/// A page and what stands in it.
struct Page {
    name: &'static str,
    text: String,
}

impl Page {
    /// Its name without folder and ending.
    fn word(&self) -> &str {
        self.name.trim_start_matches("docs/").trim_end_matches(".md")
    }

    /// Runs the page's blocks for one language, in a folder of their own, and compares what they print.
    fn follow(&self, workspace: &Workspace, language: Language) -> Result<()> {
        let addresses = [free_address()?, free_address()?];
        let blocks = blocks(&self.text, language.mark());
        let script: String = blocks.iter().filter(|block| block.is_script).map(|block| block.text.as_str()).collect();
        let name = format!("matricula-docs-{}-{}-{}", self.word(), language.mark(), std::process::id());
        let folder = env::temp_dir().join(name);
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;

        let mut shell = Command::new("bash");
        // What a failed block left behind ends with the shell.
        let ending = "trap 'kill ${SERVER-} ${DIRECTORY-} 2>/dev/null || true' EXIT\n";
        let script = exchanged(&format!("set -euo pipefail\n{ending}{script}"), &ADDRESSES, &addresses);
        // A name of an option in the environment would be that of whoever runs the tests.
        for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("MATRICULA_")) {
            shell.env_remove(name);
        }
        let server = workspace.server();
        let programs = server.parent().context("the server lies in no folder")?;
        let path = env::join_paths(
            [programs.to_owned()].into_iter().chain(env::split_paths(&env::var_os("PATH").unwrap_or_default())),
        )?;
        shell
            .args(["-c", &script])
            .current_dir(&folder)
            .env("PATH", path)
            .env("NO_PROXY", "127.0.0.1")
            .stdin(Stdio::null());
        prepare(workspace, language, &mut shell)?;
        let output = shell.stderr(Stdio::inherit()).output().context("cannot start bash")?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let compared = compare(&blocks, &exchanged(&printed, &addresses, &ADDRESSES)).context(self.name);
        if output.status.success() && compared.is_ok() {
            return fs::remove_dir_all(&folder).with_context(|| folder.display().to_string());
        }
        eprintln!("{printed}");
        let log = fs::read_to_string(folder.join("server.log")).unwrap_or_default();
        eprintln!("── server.log in {}\n{log}──", folder.display());
        compared?;
        bail!("the blocks of {} failed ({})", self.name, output.status)
    }
}

/// A text with these addresses in the place of those; a port that stands alone is one, too.
fn exchanged(text: &str, those: &[impl AsRef<str>; 2], these: &[impl AsRef<str>; 2]) -> String {
    let port = |address: &str| address.rsplit(':').next().unwrap_or_default().to_owned();
    those.iter().zip(these).fold(text.to_owned(), |text, (that, this)| {
        let (that, this) = (that.as_ref(), this.as_ref());
        let bound = |address: &str| format!("(\"127.0.0.1\", {})", port(address));
        text.replace(that, this).replace(&bound(that), &bound(this))
    })
}

/// What a newcomer has: the tools of the language.
fn prepare(workspace: &Workspace, language: Language, shell: &mut Command) -> Result<()> {
    match language {
        Language::Rust => {
            shell.env_remove("CARGO_TARGET_DIR");
            Toolchain::find(workspace.wasm_target_timeout)?.provide(shell);
            Ok(())
        }
        Language::Javascript => {
            apt::ensure(|| succeeds(Command::new("node").arg("--version")), &["nodejs"])?;
            apt::ensure(|| succeeds(Command::new("npm").arg("--version")), &["npm"])
        }
        Language::Python => python::ensure(),
    }
}

/// A block that is run, or one that says what is printed.
struct Block {
    is_script: bool,
    text: String,
}

/// The blocks of the page that concern this language.
fn blocks(page: &str, language: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Option<Block>> = None;
    for line in page.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(kind), None) => {
                let is_script = kind == "sh" || kind == format!("sh {language}");
                let concerns = is_script || kind == "text";
                open = Some(concerns.then(|| Block { is_script, text: String::new() }));
            }
            (Some(_), Some(_)) => blocks.extend(open.take().flatten()),
            (None, Some(Some(block))) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, _) => {}
        }
    }
    blocks
}

/// Looks for every promised line behind the one before it; `…` stands for anything within a line.
fn compare(blocks: &[Block], printed: &str) -> Result<()> {
    let mut lines = printed.lines();
    for promised in blocks.iter().filter(|block| !block.is_script).flat_map(|block| block.text.lines()) {
        if !lines.any(|line| holds(line, promised)) {
            bail!("what is promised is not printed there: {promised}");
        }
    }
    Ok(())
}

/// Whether the line holds the parts between the `…`, in their order.
fn holds(line: &str, promised: &str) -> bool {
    let mut rest = line;
    promised.split('…').all(|part| match rest.split_once(part) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_blocks_of_one_language_and_those_of_all() {
        let page =
            "```sh rust\na\n```\ntext\n```sh python\nb\n```\n```sh\nc\nd\n```\n```text\ne\n```\n```json\nf\n```\n";
        let found: Vec<_> = blocks(page, "rust").into_iter().map(|block| (block.is_script, block.text)).collect();
        assert_eq!(found, [(true, "a\n".to_owned()), (true, "c\nd\n".to_owned()), (false, "e\n".to_owned())]);
    }

    #[test]
    fn finds_promised_lines_in_their_order() {
        let promise = |text: &str| [Block { is_script: false, text: text.to_owned() }];
        for (text, kept) in [("a: … kB\nb\n", true), ("b\na: … kB\n", false), ("c\n", false), ("1: … kB\n", false)]
        {
            assert_eq!(compare(&promise(text), "x a: 12 kB y\nb\n").is_ok(), kept, "{text}");
        }
    }
}
