// The only way to a data store: an address in our own network, and its name in our own zone.
param location string
param tags object
param serviceName string
param serviceId string
param groupId 'postgresqlServer' | 'redisEnterprise'
param subnetId string
param zoneId string

resource endpoint 'Microsoft.Network/privateEndpoints@2025-01-01' = {
  name: 'pe-${serviceName}'
  location: location
  tags: tags
  properties: {
    subnet: { id: subnetId }
    privateLinkServiceConnections: [
      { name: groupId, properties: { privateLinkServiceId: serviceId, groupIds: [groupId] } }
    ]
  }

  resource names 'privateDnsZoneGroups' = {
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [{ name: groupId, properties: { privateDnsZoneId: zoneId } }]
    }
  }
}
