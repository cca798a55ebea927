// The apps in one subnet, the private ends of the data stores in the other, and the names that lead there.
param location string
param tags object

resource network 'Microsoft.Network/virtualNetworks@2025-01-01' = {
  name: 'vnet'
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: ['10.20.0.0/16'] }
    subnets: [
      {
        name: 'apps'
        properties: {
          // Consumption takes one address for ten replicas and doubles that while revisions change: /23 is ample.
          addressPrefix: '10.20.0.0/23'
          delegations: [
            { name: 'container-apps', properties: { serviceName: 'Microsoft.App/environments' } }
          ]
        }
      }
      { name: 'endpoints', properties: { addressPrefix: '10.20.2.0/26' } }
    ]
  }

  resource apps 'subnets' existing = { name: 'apps' }
  resource endpoints 'subnets' existing = { name: 'endpoints' }
}

var zoneNames = ['privatelink.postgres.database.azure.com', 'privatelink.redis.azure.net']

resource zones 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for zoneName in zoneNames: {
    name: zoneName
    location: 'global'
    tags: tags
  }
]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (zoneName, index) in zoneNames: {
    parent: zones[index]
    name: 'vnet'
    location: 'global'
    tags: tags
    properties: { registrationEnabled: false, virtualNetwork: { id: network.id } }
  }
]

output appsSubnetId string = network::apps.id
output endpointsSubnetId string = network::endpoints.id
output postgresZoneId string = zones[0].id
output redisZoneId string = zones[1].id
