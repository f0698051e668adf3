#!/bin/sh
# Makes my-policy.wasm. Needs node 18 or newer, with npm.
set -eu
cd "$(dirname "$0")"
npm install
npm run build
