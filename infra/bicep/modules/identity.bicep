// One identity for each service: what one may do, the other may not.
param location string
param tags object
param services string[]

@export()
@description('Who a service is: by resource (to wear it), by client (to ask tokens), by principal (to be let in).')
type serviceIdentity = {
  id: string
  name: string
  clientId: string
  principalId: string
}

resource identities 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = [
  for service in services: {
    name: 'id-${service}'
    location: location
    tags: tags
  }
]

output identities serviceIdentity[] = [
  for (service, index) in services: {
    id: identities[index].id
    name: identities[index].name
    clientId: identities[index].properties.clientId
    principalId: identities[index].properties.principalId
  }
]
