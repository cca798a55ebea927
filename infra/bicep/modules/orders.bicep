// Orders: takes orders over HTTP, hands releases to the queue, and pulls Picking's events.
import { ordersSize } from '../sizes.bicep'
import { serviceIdentity } from 'identity.bicep'
import { port, postgres, probes, redis, shutdownSeconds } from 'container.bicep'

param location string
param tags object
param environmentId string
param identity serviceIdentity
param registry string
param size ordersSize
param exists bool
param pickingUrl string
param postgresHost string
param redisAddress string
@secure()
param serviceKey string

var name = 'orders'

module current 'current-image.bicep' = {
  name: '${name}-image'
  params: { app: name, exists: exists }
}

resource app 'Microsoft.App/containerApps@2025-07-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': name })
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identity.id}': {} } }
  properties: {
    environmentId: environmentId
    workloadProfileName: 'Consumption'
    configuration: {
      activeRevisionsMode: 'Single'
      maxInactiveRevisions: 10
      ingress: { external: true, targetPort: port, transport: 'auto', allowInsecure: false }
      registries: [{ server: registry, identity: identity.id }]
      secrets: [{ name: 'service-key', value: serviceKey }]
    }
    template: {
      terminationGracePeriodSeconds: shutdownSeconds
      containers: [
        {
          name: name
          image: current.outputs.image
          resources: { cpu: json(size.app.cpu), memory: size.app.memory }
          probes: probes(exists)
          env: [
            { name: 'ConnectionStrings__ordersdb', value: postgres(postgresHost, 'ordersdb', identity, 16) }
            { name: 'ConnectionStrings__redis', value: redis(redisAddress, identity) }
            { name: 'Picking__Url', value: pickingUrl }
            { name: 'Service__Key', secretRef: 'service-key' }
            { name: 'Azure__UseEntra', value: 'true' }
            { name: 'AZURE_CLIENT_ID', value: identity.clientId }
            { name: 'OTEL_SERVICE_NAME', value: name }
          ]
        }
      ]
      scale: {
        minReplicas: size.replicasMin
        maxReplicas: size.replicasMax
        rules: [
          {
            name: 'requests-in-flight'
            http: { metadata: { concurrentRequests: string(size.concurrentRequests) } }
          }
        ]
      }
    }
  }
}

output id string = app.id
output url string = 'https://${app.properties.configuration.ingress.fqdn}'
