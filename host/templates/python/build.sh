#!/bin/sh
# Makes my-policy.wasm. Needs Python 3.10 or newer, with venv.
set -eu
cd "$(dirname "$0")"
test -d .venv || python3 -m venv .venv
.venv/bin/pip install --quiet --requirement requirements.txt
.venv/bin/componentize-py --wit-path wit --world policy componentize --stub-wasi policy --output my-policy.wasm
