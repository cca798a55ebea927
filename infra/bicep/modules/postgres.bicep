// A PostgreSQL server without passwords and without a public address.
import { postgresSize } from '../sizes.bicep'
import { serviceIdentity } from 'identity.bicep'

param location string
param tags object
@minLength(3)
@maxLength(61)
param name string
param size postgresSize
param databases string[]
@description('The services whose databases these are: they migrate them at start-up, so they administer this server.')
param owners serviceIdentity[]
param operatorId string
param operatorName string
param subnetId string
param zoneId string

resource server 'Microsoft.DBforPostgreSQL/flexibleServers@2025-08-01' = {
  name: name
  location: location
  tags: tags
  sku: { name: size.skuName, tier: size.tier }
  properties: {
    version: '15' // the major version that every test runs on; raise both together
    createMode: 'Default'
    storage: { storageSizeGB: size.storageSizeGB, autoGrow: 'Enabled' }
    backup: { backupRetentionDays: size.backupRetentionDays, geoRedundantBackup: size.geoRedundantBackup }
    highAvailability: { mode: size.highAvailability }
    network: { publicNetworkAccess: 'Disabled' }
    authConfig: { activeDirectoryAuth: 'Enabled', passwordAuth: 'Disabled', tenantId: subscription().tenantId }
  }
}

// The server takes one change at a time and answers "server is busy" to a second: hence the chain from here on.
resource tls 'Microsoft.DBforPostgreSQL/flexibleServers/configurations@2025-08-01' = {
  parent: server
  name: 'ssl_min_protocol_version'
  properties: { value: 'TLSv1.2', source: 'user-override' }
}

resource secureTransport 'Microsoft.DBforPostgreSQL/flexibleServers/configurations@2025-08-01' = {
  parent: server
  name: 'require_secure_transport'
  properties: { value: 'on', source: 'user-override' }
  dependsOn: [tls]
}

// A transaction that somebody forgot holds back every event that commits after it began, in whatever database.
resource forgotten 'Microsoft.DBforPostgreSQL/flexibleServers/configurations@2025-08-01' = {
  parent: server
  name: 'idle_in_transaction_session_timeout'
  properties: { value: '60000', source: 'user-override' } // ms
  dependsOn: [secureTransport]
}

@batchSize(1)
resource stores 'Microsoft.DBforPostgreSQL/flexibleServers/databases@2025-08-01' = [
  for database in databases: {
    parent: server
    name: database
    properties: { charset: 'UTF8', collation: 'en_US.utf8' }
    dependsOn: [forgotten]
  }
]

@batchSize(1)
resource administrators 'Microsoft.DBforPostgreSQL/flexibleServers/administrators@2025-08-01' = [
  for owner in owners: {
    parent: server
    name: owner.principalId
    properties: {
      principalName: owner.name
      principalType: 'ServicePrincipal'
      tenantId: subscription().tenantId
    }
    dependsOn: [stores]
  }
]

resource operator 'Microsoft.DBforPostgreSQL/flexibleServers/administrators@2025-08-01' = if (operatorId != '') {
  parent: server
  name: operatorId
  properties: {
    principalName: operatorName
    principalType: 'Group'
    tenantId: subscription().tenantId
  }
  dependsOn: [administrators]
}

module endpoint 'private-endpoint.bicep' = {
  name: 'pe-${name}'
  params: {
    location: location
    tags: tags
    serviceName: name
    serviceId: server.id
    groupId: 'postgresqlServer'
    subnetId: subnetId
    zoneId: zoneId
  }
  dependsOn: [operator]
}

output host string = server.properties.fullyQualifiedDomainName
