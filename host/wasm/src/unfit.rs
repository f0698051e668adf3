//! Why a file cannot decide: a sentence that names the item of the contract, for administrators and authors. What the
//! engine says of it is for the log, and a second line on the command line.

use std::fmt;

use super::component::Instance;
use super::limits::OutOfMemory;
use super::{mismatch, trap};

/// Why a component cannot be used.
#[derive(Debug)]
pub struct Unfit {
    /// In words for its author.
    pub sentence: String,
    /// The engine's words, where they say more.
    pub engine: Option<String>,
}

impl fmt::Display for Unfit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.sentence)
    }
}

impl std::error::Error for Unfit {}

impl Unfit {
    /// What is wrong is ours to say: the engine has no objection.
    pub fn because(sentence: impl Into<String>) -> Unfit {
        Unfit { sentence: sentence.into(), engine: None }
    }

    /// The engine does not take the file. Where its types are not those of the contract, the sentence names the function.
    pub(super) fn to_load(bytes: &[u8], error: &wasmtime::Error) -> Unfit {
        // What we say of an error stands before what the engine says.
        let sentence = mismatch::first(bytes).unwrap_or_else(|| error.to_string());
        Unfit { sentence, engine: Some(format!("{error:#}")) }
    }

    /// No instance can be made of the component.
    pub fn to_begin(bytes: &[u8], error: &wasmtime::Error) -> Unfit {
        let why = || {
            if error.is::<OutOfMemory>() {
                "it wants more memory than it may have before anything is asked of it"
            } else if error.is::<wasmtime::Trap>() {
                "it traps as soon as it is loaded, before anything is asked of it"
            } else {
                "no instance of it can be made: it is made of more modules, tables or memories than a component may have, \
                 or its functions are not those of the contract"
            }
        };
        let sentence = mismatch::first(bytes).unwrap_or_else(|| why().to_owned());
        Unfit { sentence, engine: Some(format!("{error:#}")) }
    }

    /// A call has no answer; `doing` says which.
    pub(super) fn to_answer(doing: impl fmt::Display, instance: &Instance, error: &wasmtime::Error) -> Unfit {
        let why = trap::reason(instance.store.data(), error);
        // Where in the code it was says nothing to anybody: components have no names of functions.
        Unfit { sentence: format!("{doing}: {why}"), engine: Some(error.root_cause().to_string()) }
    }
}

impl From<anyhow::Error> for Unfit {
    /// What stands first is ours, what comes behind it is the reader's of the file.
    fn from(error: anyhow::Error) -> Unfit {
        let engine = error.source().is_some().then(|| format!("{error:#}"));
        Unfit { sentence: error.to_string(), engine }
    }
}
