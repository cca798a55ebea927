// Orders: takes orders over HTTP, hands releases to the queue, and pulls Picking's events.
import { ordersSize } from '../sizes.bicep'
import { serviceIdentity } from 'identity.bicep'
import { common, port, postgres, probes, redis, shutdownSeconds } from 'container.bicep'

param location string
param tags object
param environmentId string
param identity serviceIdentity
param registry string
param size ordersSize
param exists bool
@description('Where the Picking of each warehouse is; one that is not here takes no orders.')
param pickingUrls { warehouse: string, url: string }[]
param postgresHost string
param redisAddress string
@secure()
param serviceKey string
@secure()
param operatorKey string

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
      secrets: [
        { name: 'service-key', value: serviceKey }
        { name: 'operator-key', value: operatorKey }
      ]
    }
    template: {
      terminationGracePeriodSeconds: shutdownSeconds
      containers: [
        {
          name: name
          image: current.outputs.image
          resources: { cpu: json(size.app.cpu), memory: size.app.memory }
          probes: probes(exists)
          env: concat(common(name, identity), [
            { name: 'Service__Key', secretRef: 'service-key' }
            { name: 'Operator__Key', secretRef: 'operator-key' }
            { name: 'ConnectionStrings__ordersdb', value: postgres(postgresHost, 'ordersdb', identity) }
            { name: 'ConnectionStrings__redis', value: redis(redisAddress, identity) }
          ], map(pickingUrls, site => { name: 'Picking__${site.warehouse}__Url', value: site.url }))
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
