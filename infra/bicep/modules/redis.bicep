// Azure Managed Redis: the picking queue, which may be lost whole at any moment (PostgreSQL holds the truth).
import { redisSize } from '../sizes.bicep'

param location string
param tags object
@minLength(1)
@maxLength(60)
param name string
param size redisSize
@description('Principals that may sign in with an Entra token.')
param users string[]
param subnetId string
param zoneId string

var port = 10000

resource redis 'Microsoft.Cache/redisEnterprise@2025-07-01' = {
  name: name
  location: location
  tags: tags
  sku: { name: size.skuName }
  properties: {
    minimumTlsVersion: '1.2'
    highAvailability: size.highAvailability
    publicNetworkAccess: 'Disabled'
  }

  resource database 'databases' = {
    name: 'default'
    properties: {
      clientProtocol: 'Encrypted'
      port: port
      // One shard behind one address: the scaler's redis-streams speaks no cluster protocol, and a MULTI stays whole.
      clusteringPolicy: 'NoCluster'
      evictionPolicy: 'NoEviction' // a queue that forgets under pressure is worse than one that refuses
      // Only for the scaler, which cannot use an identity; the services sign in with Entra.
      accessKeysAuthentication: 'Enabled'
      persistence: { aofEnabled: false, rdbEnabled: false }
    }

    @batchSize(1)
    resource assignments 'accessPolicyAssignments' = [
      for (user, index) in users: {
        name: 'service${index}'
        properties: { accessPolicyName: 'default', user: { objectId: user } }
      }
    ]
  }
}

module endpoint 'private-endpoint.bicep' = {
  name: 'pe-${name}'
  params: {
    location: location
    tags: tags
    serviceName: name
    serviceId: redis.id
    groupId: 'redisEnterprise'
    subnetId: subnetId
    zoneId: zoneId
  }
  dependsOn: [redis::database]
}

output address string = '${redis.properties.hostName}:${port}'
