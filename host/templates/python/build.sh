#!/bin/sh
# Makes my-policy.wasm. Needs Python 3.10 or newer, with venv.
set -eu
cd "$(dirname "$0")"
if grep -nE '\b(random|secrets)\.|\bfrom (random|secrets|time)\b|uuid[14]\(|\btime\.|\b(now|utcnow|today)\(|urandom' ./*.py; then
  echo "note: there is no clock and no randomness: these end a call, or answer the same each time; the time is MY_NOW" >&2
fi
test -d .venv || python3 -m venv .venv
.venv/bin/pip install --quiet --requirement requirements.txt
.venv/bin/componentize-py --wit-path wit --world MY_WORLD componentize --stub-wasi MY_KIND --output my-policy.wasm
