#!/usr/bin/env bash
# Runs every test. Arguments go to the test runner, such as -namespace "Fulfillment.Tests.Surge*".
set -euo pipefail
cd "$(dirname "$0")"
source ./scripts/prepare.sh

prepare chromium
build Fulfillment.sln
./artifacts/bin/Fulfillment.Tests/release/Fulfillment.Tests "$@"
