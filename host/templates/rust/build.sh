#!/bin/sh
# Makes my-policy.wasm. Needs Rust and its target for WebAssembly: rustup target add wasm32-unknown-unknown
set -eu
cd "$(dirname "$0")"
# What all of them have in common is compiled once, into a folder that they share (cargo 1.91 or newer). The second line
# gives what is of this folder alone a name of its own there.
export CARGO_BUILD_BUILD_DIR="${CARGO_BUILD_BUILD_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/matricula/build}"
export __CARGO_DEFAULT_LIB_METADATA=my-policy
cargo build --release --target wasm32-unknown-unknown --target-dir target
matricula policy wrap target/wasm32-unknown-unknown/release/MY_POLICY.wasm --output my-policy.wasm
