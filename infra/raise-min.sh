#!/bin/sh
# Raises Picking's minimum to the replicas that run now, so that a new revision does not start small in a surge.
# Runs before every deploy of Picking (azure.yaml); by hand: infra/raise-min.sh [REPLICAS]
# Back to scale-rules.json when the backlog is gone: azd env set PICKING_REPLICAS_MIN 0 && azd provision
set -eu

group=${AZURE_RESOURCE_GROUP:-$(azd env get-value AZURE_RESOURCE_GROUP)}

if ! command -v az >/dev/null 2>&1; then
  echo "raise-min: the Azure CLI (az) is not here, so the replicas cannot be counted. In a surge, stop now and run" >&2
  echo "raise-min: azd env set PICKING_REPLICAS_MIN <replicas that run> && azd provision" >&2
  exit 0
fi

there=$(az containerapp list --resource-group "$group" --query "[?name=='picking'] | length(@)" --output tsv)
if [ "$there" != 1 ]; then
  echo "raise-min: Picking is not there yet, nothing to raise."
  exit 0
fi

least=$(az containerapp show --resource-group "$group" --name picking \
  --query properties.template.scale.minReplicas --output tsv)
running=$(az containerapp revision list --resource-group "$group" --name picking \
  --query "max([?properties.active].properties.replicas)" --output tsv)
wanted=${1:-$running}
case $wanted in
  '' | *[!0-9]*) echo "raise-min: '$wanted' is no number of replicas." >&2; exit 2 ;;
esac

if [ "$wanted" -le "${least:-0}" ]; then
  echo "raise-min: $wanted replicas run and the minimum is $least: nothing to raise."
  exit 0
fi

# First into the environment: a provisioning that comes next must not lower it again.
azd env set PICKING_REPLICAS_MIN "$wanted"
az containerapp update --resource-group "$group" --name picking --min-replicas "$wanted" --output none
echo "raise-min: the minimum is now $wanted (was $least). When the backlog is gone:"
echo "raise-min: azd env set PICKING_REPLICAS_MIN 0 && azd provision"
