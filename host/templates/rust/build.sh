#!/bin/sh
# Makes my-policy.wasm. Needs Rust and its target for WebAssembly: rustup target add wasm32-unknown-unknown
set -eu
cd "$(dirname "$0")"
cargo build --release --target wasm32-unknown-unknown --target-dir target
matricula policy wrap target/wasm32-unknown-unknown/release/MY_POLICY.wasm --output my-policy.wasm
