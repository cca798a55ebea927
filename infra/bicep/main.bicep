// Everything that `azd up` creates, in one resource group: two container apps and what they stand on.
// The rule that scales Picking is not written here: it is scale-rules.json, which the tests run as well.
targetScope = 'subscription'

import { sizes } from 'sizes.bicep'

@description('Name of the environment; names the resource group and tags everything.')
@minLength(1)
@maxLength(40)
param environmentName string

@description('A region that has Container Apps, Azure Managed Redis and PostgreSQL with three availability zones.')
@allowed([
  'australiaeast'
  'brazilsouth'
  'canadacentral'
  'centralindia'
  'centralus'
  'eastus2'
  'francecentral'
  'germanywestcentral'
  'italynorth'
  'japaneast'
  'koreacentral'
  'northeurope'
  'norwayeast'
  'southafricanorth'
  'southeastasia'
  'swedencentral'
  'switzerlandnorth'
  'uksouth'
  'westeurope'
  'westus3'
])
param location string

@description('dev: the cheapest that runs the tested rule. prod: zone-redundant, a database server for each service.')
@allowed(['dev', 'prod'])
param size string = 'dev'

@description('Set by azd: whether the app is there already, so that its image is kept.')
param ordersExists bool = false

@description('Set by azd: whether the app is there already, so that its image is kept.')
param pickingExists bool = false

@description('The warehouses: each has a Picking app, a queue, a rule and a database of its own. azd deploys to main.')
@minLength(1)
param warehouses string[] = ['main']

@description('The least Picking replicas; 0 takes minReplicas of scale-rules.json. Raised before a deploy in a surge.')
@minValue(0)
@maxValue(1000)
param pickingReplicasMin int = 0

@description('external: scanners reach the floor API over the internet. internal: only the apps environment does.')
@allowed(['external', 'internal'])
param floorIngress string = 'external'

@description('Which of the two Redis keys the scaler uses. Switch it, deploy, then regenerate the other one.')
@allowed(['primary', 'secondary'])
param redisScalerKey string = 'primary'

@description('Where alerts are mailed to; empty mails nobody.')
param alertEmail string = ''

@description('An Entra group that may sign in to the databases, by object id; empty for nobody.')
param databaseOperatorId string = ''

@description('The display name of that group, which becomes the name of its database role.')
param databaseOperatorName string = ''

// The API keys that a new system starts with: prefix.secret, where the prefix says whom it is for. azd generates each
// secret once and keeps it in its environment.
@description('What Orders shows Picking when it reads the event feed.')
@secure()
@minLength(32)
@metadata({ azd: { type: 'generate', config: { length: 43, noSpecial: true } } })
param serviceKey string

@description('The first operator: makes clients and their keys.')
@secure()
@minLength(32)
@metadata({ azd: { type: 'generate', config: { length: 43, noSpecial: true } } })
param operatorKey string

@description('The first scanner: asks for tours and confirms picks.')
@secure()
@minLength(32)
@metadata({ azd: { type: 'generate', config: { length: 43, noSpecial: true } } })
param floorKey string

var chosen = sizes[size]
// What each environment has announced, in one file of its own: dev pays for no holiday.
var windows = { dev: loadJsonContent('windows/dev.json'), prod: loadJsonContent('windows/prod.json') }
var tags = { 'azd-env-name': environmentName }
// Global names come from this token alone: never too long, and the same again when the environment is deployed twice.
var token = uniqueString(subscription().id, environmentName, location)

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

// Modules have fixed names: two deployments of one environment at a time then refuse each other by name.
module identity 'modules/identity.bicep' = {
  scope: group
  name: 'identity'
  params: { location: location, tags: tags, services: ['orders', 'picking'] }
}

module observability 'modules/observability.bicep' = {
  scope: group
  name: 'observability'
  params: {
    location: location
    tags: tags
    token: token
    retentionDays: chosen.logRetentionDays
    capGBPerDay: chosen.logCapGBPerDay
  }
}

module network 'modules/network.bicep' = {
  scope: group
  name: 'network'
  params: { location: location, tags: tags }
}

module registry 'modules/registry.bicep' = {
  scope: group
  name: 'registry'
  params: {
    location: location
    tags: tags
    name: 'cr${token}'
    sku: chosen.registrySku
    pullers: [identity.outputs.identities[0].principalId, identity.outputs.identities[1].principalId]
  }
}

// Two warehouses never share a table: restoring the one leaves the other alone.
var pickingDatabases = [for warehouse in warehouses: warehouse == 'main' ? 'pickingdb' : 'pickingdb-${warehouse}']
var servers = chosen.postgresPerService
  ? [
      { name: 'psql-orders-${token}', databases: ['ordersdb'], owners: [0] }
      { name: 'psql-picking-${token}', databases: pickingDatabases, owners: [1] }
    ]
  : [{ name: 'psql-${token}', databases: concat(['ordersdb'], pickingDatabases), owners: [0, 1] }]

module postgres 'modules/postgres.bicep' = [
  for server in servers: {
    scope: group
    name: server.name
    params: {
      location: location
      tags: tags
      name: server.name
      size: chosen.postgres
      databases: server.databases
      owners: map(server.owners, index => identity.outputs.identities[index])
      operatorId: databaseOperatorId
      operatorName: databaseOperatorName
      subnetId: network.outputs.endpointsSubnetId
      zoneId: network.outputs.postgresZoneId
    }
  }
]

var redisName = 'redis-${token}'

module redis 'modules/redis.bicep' = {
  scope: group
  name: 'redis'
  params: {
    location: location
    tags: tags
    name: redisName
    size: chosen.redis
    users: [identity.outputs.identities[0].principalId, identity.outputs.identities[1].principalId]
    subnetId: network.outputs.endpointsSubnetId
    zoneId: network.outputs.redisZoneId
  }
}

module environment 'modules/environment.bicep' = {
  scope: group
  name: 'environment'
  params: {
    location: location
    tags: tags
    name: 'cae-${token}'
    subnetId: network.outputs.appsSubnetId
    zoneRedundant: chosen.zoneRedundant
    insightsName: observability.outputs.insightsName
    workspaceId: observability.outputs.workspaceId
  }
}

module picking 'modules/picking.bicep' = [
  for (warehouse, index) in warehouses: {
    scope: group
    name: warehouse == 'main' ? 'picking' : 'picking-${warehouse}'
    params: {
      location: location
      tags: tags
      environmentId: environment.outputs.id
      warehouse: warehouse
      database: pickingDatabases[index]
      identity: identity.outputs.identities[1]
      registry: registry.outputs.endpoint
      size: chosen.picking
      replicasMin: pickingReplicasMin
      windows: windows[size]
      exists: pickingExists
      external: floorIngress == 'external'
      postgresHost: postgres[length(servers) - 1].outputs.host
      redisName: redisName
      redisAddress: redis.outputs.address
      redisScalerKey: redisScalerKey
      serviceKey: 'service.${serviceKey}'
      operatorKey: 'operator.${operatorKey}'
      floorKey: 'floor.${floorKey}'
    }
  }
]

module orders 'modules/orders.bicep' = {
  scope: group
  name: 'orders'
  params: {
    location: location
    tags: tags
    environmentId: environment.outputs.id
    identity: identity.outputs.identities[0]
    registry: registry.outputs.endpoint
    size: chosen.orders
    exists: ordersExists
    pickingUrls: [for (warehouse, index) in warehouses: { warehouse: warehouse, url: picking[index].outputs.url }]
    postgresHost: postgres[0].outputs.host
    redisAddress: redis.outputs.address
    serviceKey: 'service.${serviceKey}'
    operatorKey: 'operator.${operatorKey}'
  }
}

module alerts 'modules/alerts.bicep' = {
  scope: group
  name: 'alerts'
  params: {
    location: location
    tags: tags
    workspaceId: observability.outputs.workspaceId
    deployed: ordersExists && pickingExists
    ordersId: orders.outputs.id
    pickings: [for (warehouse, index) in warehouses: picking[index].outputs.watched]
    email: alertEmail
  }
}

output AZURE_CONTAINER_REGISTRY_ENDPOINT string = registry.outputs.endpoint
output AZURE_RESOURCE_GROUP string = group.name
output SERVICE_ORDERS_ENDPOINT_URL string = orders.outputs.url
output SERVICE_PICKING_ENDPOINT_URL string = picking[0].outputs.url
