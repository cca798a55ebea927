// Images. No admin user; who pulls is named. Reached over the internet with Entra, as azd must push from a desk:
// a private registry needs the Premium tier and a build agent inside the network.
param location string
param tags object
@minLength(5)
@maxLength(50)
param name string
param sku 'Basic' | 'Standard'
@description('Principals that may pull.')
param pullers string[]

var acrPull = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')

resource registry 'Microsoft.ContainerRegistry/registries@2025-04-01' = {
  name: name
  location: location
  tags: tags
  sku: { name: sku }
  properties: { adminUserEnabled: false }
}

resource pulls 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for puller in pullers: {
    scope: registry
    name: guid(registry.id, puller, acrPull)
    properties: { principalId: puller, principalType: 'ServicePrincipal', roleDefinitionId: acrPull }
  }
]

output endpoint string = registry.properties.loginServer
