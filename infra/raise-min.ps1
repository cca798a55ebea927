# Raises Picking's minimum to the replicas that run now, so that a new revision does not start small in a surge.
# Runs before every deploy of Picking (azure.yaml); by hand: infra/raise-min.ps1 [REPLICAS]
# Back to scale-rules.json when the backlog is gone: azd env set PICKING_REPLICAS_MIN 0; azd provision
param([string] $Replicas)
$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $true

$group = if ($env:AZURE_RESOURCE_GROUP) { $env:AZURE_RESOURCE_GROUP } else { azd env get-value AZURE_RESOURCE_GROUP }

if (-not (Get-Command az -ErrorAction SilentlyContinue)) {
    Write-Warning 'raise-min: the Azure CLI (az) is not here, so the replicas cannot be counted. In a surge, stop now and run'
    Write-Warning 'raise-min: azd env set PICKING_REPLICAS_MIN <replicas that run>; azd provision'
    exit 0
}

$there = az containerapp list --resource-group $group --query "[?name=='picking'] | length(@)" --output tsv
if ($there -ne '1') {
    Write-Output 'raise-min: Picking is not there yet, nothing to raise.'
    exit 0
}

$least = az containerapp show --resource-group $group --name picking `
    --query properties.template.scale.minReplicas --output tsv
$running = az containerapp revision list --resource-group $group --name picking `
    --query 'max([?properties.active].properties.replicas)' --output tsv
$wanted = if ($Replicas) { $Replicas } else { $running }
if ($wanted -notmatch '^[0-9]+$') {
    Write-Error "raise-min: '$wanted' is no number of replicas." -ErrorAction Continue
    exit 2
}

if ([int] $wanted -le [int] $least) {
    Write-Output "raise-min: $wanted replicas run and the minimum is ${least}: nothing to raise."
    exit 0
}

# First into the environment: a provisioning that comes next must not lower it again.
azd env set PICKING_REPLICAS_MIN $wanted
az containerapp update --resource-group $group --name picking --min-replicas $wanted --output none
Write-Output "raise-min: the minimum is now $wanted (was $least). When the backlog is gone:"
Write-Output 'raise-min: azd env set PICKING_REPLICAS_MIN 0; azd provision'
