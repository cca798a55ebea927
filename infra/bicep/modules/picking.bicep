// Picking: planner and floor API in one process, scaled by the depth of its queue.
import { appSize } from '../sizes.bicep'
import { serviceIdentity } from 'identity.bicep'
import { common, port, postgres, probes, redis, shutdownSeconds } from 'container.bicep'

param location string
param tags object
param environmentId string
@description('Whose queue it plans and whose floor it serves.')
param warehouse string
param database string
param identity serviceIdentity
param registry string
param size appSize
@description('0: as scale-rules.json says.')
param replicasMin int
@description('What this environment has announced: fills the slots of scale-rules.json. A slot that nothing fills is no rule.')
param windows object
param exists bool
param external bool
param postgresHost string
param redisName string
param redisAddress string
param redisScalerKey 'primary' | 'secondary'
@secure()
param serviceKey string
@secure()
param operatorKey string
@secure()
param floorKey string

var service = 'picking'
var name = warehouse == 'main' ? service : '${service}-${warehouse}'
var scale = loadJsonContent('../scale-rules.json').picking
var rules = filter(scale.rules, rule => !(rule.?slot ?? false) || contains(windows, rule.name))
// The name tells which key is in it: switching keys then changes the rule, and so makes a revision that reads it.
var redisSecret = 'redis-${redisScalerKey}-key'

resource queue 'Microsoft.Cache/redisEnterprise@2025-07-01' existing = {
  name: redisName

  resource database 'databases' existing = { name: 'default' }
}

module current 'current-image.bicep' = {
  name: '${name}-image'
  // azd deploys to the app of main; the others run what that one runs, from the next provisioning on.
  params: { app: service, exists: exists }
}

resource app 'Microsoft.App/containerApps@2025-07-01' = {
  name: name
  location: location
  tags: union(tags, warehouse == 'main' ? { 'azd-service-name': service } : {})
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identity.id}': {} } }
  properties: {
    environmentId: environmentId
    workloadProfileName: 'Consumption'
    configuration: {
      activeRevisionsMode: 'Single'
      maxInactiveRevisions: 10
      ingress: { external: external, targetPort: port, transport: 'auto', allowInsecure: false }
      registries: [{ server: registry, identity: identity.id }]
      secrets: [
        { name: 'service-key', value: serviceKey }
        { name: 'operator-key', value: operatorKey }
        { name: 'floor-key', value: floorKey }
        {
          name: redisSecret
          value: redisScalerKey == 'primary'
            ? queue::database.listKeys().primaryKey
            : queue::database.listKeys().secondaryKey
        }
      ]
    }
    template: {
      terminationGracePeriodSeconds: shutdownSeconds
      containers: [
        {
          name: service
          image: current.outputs.image
          resources: { cpu: json(size.cpu), memory: size.memory }
          probes: probes(exists)
          env: concat(common(name, identity), [
            { name: 'Warehouse__Id', value: warehouse }
            { name: 'Service__Key', secretRef: 'service-key' }
            { name: 'Operator__Key', secretRef: 'operator-key' }
            { name: 'Floor__Key', secretRef: 'floor-key' }
            { name: 'ConnectionStrings__pickingdb', value: postgres(postgresHost, database, identity) }
            { name: 'ConnectionStrings__redis', value: redis(redisAddress, identity) }
          ])
        }
      ]
      scale: {
        minReplicas: max(replicasMin, scale.minReplicas)
        maxReplicas: scale.maxReplicas
        pollingInterval: scale.pollingInterval
        cooldownPeriod: scale.cooldownPeriod
        // No `identity` on a rule: for anything but Azure queues it would empty the metadata.
        rules: map(
          rules,
          rule =>
            rule.type == 'redis-streams'
              ? {
                  name: rule.name
                  custom: {
                    type: rule.type
                    // The tested rule, on the queue of this warehouse.
                    metadata: union(rule.metadata, {
                      address: redisAddress
                      stream: replace(rule.metadata.stream, ':main:', ':${warehouse}:')
                    })
                    auth: [{ triggerParameter: 'password', secretRef: redisSecret }]
                  }
                }
              : { name: rule.name, custom: { type: rule.type, metadata: rule.?metadata ?? windows[rule.name] } }
        )
      }
    }
  }
}

@description('What alerts and the workbook look at.')
output watched { name: string, id: string, replicasMax: int } = {
  name: name
  id: app.id
  replicasMax: scale.maxReplicas
}
output url string = 'https://${app.properties.configuration.ingress.fqdn}'
