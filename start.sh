#!/usr/bin/env bash
# Starts the whole system on this machine. Needs git and the .NET 10 SDK; installs or names what else is missing.
set -euo pipefail
cd "$(dirname "$0")"
source ./scripts/prepare.sh

prepare
build Fulfillment.Surge
exec ./artifacts/bin/Fulfillment.Surge/release/Fulfillment.Surge up "$@"
