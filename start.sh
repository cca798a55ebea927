#!/usr/bin/env bash
# Starts the whole system on this machine, with its dashboard. Needs git and the .NET 10 SDK; installs or names what else
# is missing. Arguments are settings of the AppHost, such as --Stores:Keep true (docs/ASPIRE.md).
set -euo pipefail
cd "$(dirname "$0")"
source ./scripts/prepare.sh

prepare
build Fulfillment.AppHost
cd Fulfillment.AppHost # where its appsettings.json is
export DOTNET_ENVIRONMENT=Development
exec ../artifacts/bin/Fulfillment.AppHost/release/Fulfillment.AppHost "$@"
