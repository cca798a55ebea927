// What dev and prod differ in, each number with its reason. Everything else is the same in both.

@export()
@description('CPU, memory and replicas of one container app.')
type appSize = {
  @description('Cores of a replica. On the Consumption profile the memory must be twice as many Gi.')
  cpu: '0.25' | '0.5' | '1' | '2' | '4'
  memory: '0.5Gi' | '1Gi' | '2Gi' | '4Gi' | '8Gi'
}

@export()
type ordersSize = {
  app: appSize
  @minValue(1)
  replicasMin: int
  @maxValue(100)
  replicasMax: int
  @description('Requests in flight at one replica before another is started.')
  concurrentRequests: int
}

@export()
type postgresSize = {
  skuName: string
  tier: 'Burstable' | 'GeneralPurpose' | 'MemoryOptimized'
  storageSizeGB: 32 | 64 | 128 | 256 | 512 | 1024
  highAvailability: 'Disabled' | 'ZoneRedundant'
  @minValue(7)
  @maxValue(35)
  backupRetentionDays: int
  geoRedundantBackup: 'Disabled' | 'Enabled'
}

@export()
type redisSize = {
  skuName: string
  highAvailability: 'Disabled' | 'Enabled'
}

@export()
type size = {
  orders: ordersSize
  picking: appSize
  postgres: postgresSize
  @description('One server for each service, so that neither can sign in where the other keeps its rows.')
  postgresPerService: bool
  redis: redisSize
  zoneRedundant: bool
  registrySku: 'Basic' | 'Standard'
  @minValue(30)
  logRetentionDays: int
  @description('A bill that runs away is noticed at this many GB of logs a day; -1 for no cap.')
  logCapGBPerDay: int
}

@export()
var sizes {
  dev: size
  prod: size
} = {
  dev: {
    orders: {
      app: { cpu: '0.5', memory: '1Gi' }
      replicasMin: 1 // the dispatch relay and the progress reader live in Orders: never 0
      replicasMax: 3
      concurrentRequests: 100
    }
    // The planner is one thread and a pool of two connections: a second core would idle.
    picking: { cpu: '1', memory: '2Gi' }
    postgres: {
      // B1ms allows 35 user connections; 30 Picking replicas with 2 each and 3 Orders replicas with 16 need 108.
      skuName: 'Standard_B2s'
      tier: 'Burstable'
      storageSizeGB: 32
      highAvailability: 'Disabled'
      backupRetentionDays: 7
      geoRedundantBackup: 'Disabled'
    }
    postgresPerService: false
    redis: { skuName: 'Balanced_B0', highAvailability: 'Disabled' } // the smallest: the stream is shallow by design
    zoneRedundant: false
    registrySku: 'Basic'
    logRetentionDays: 30
    logCapGBPerDay: 1
  }
  prod: {
    orders: {
      app: { cpu: '1', memory: '2Gi' }
      replicasMin: 2 // one may be replaced while the other takes orders, and one relay stands by
      replicasMax: 10 // 16 connections each: 160, well under what the server allows
      concurrentRequests: 100 // a group commit carries 256 orders: more replicas make smaller groups, not more orders
    }
    picking: { cpu: '1', memory: '2Gi' }
    postgres: {
      skuName: 'Standard_D2ds_v5' // 859 user connections need 2 vCores; resize before a holiday, not in it
      tier: 'GeneralPurpose'
      storageSizeGB: 128 // grows by itself; IOPS grow with it
      highAvailability: 'ZoneRedundant'
      backupRetentionDays: 14
      geoRedundantBackup: 'Disabled' // cannot be changed later; costs double, and not every region has a pair
    }
    postgresPerService: true
    redis: { skuName: 'Balanced_B1', highAvailability: 'Enabled' } // losing it loses nothing, but costs a re-publish
    zoneRedundant: true
    registrySku: 'Standard'
    logRetentionDays: 90
    logCapGBPerDay: 10
  }
}
