// The Container Apps environment: in our network, its inside encrypted, its logs without a shared key.
param location string
param tags object
param name string
param subnetId string
param zoneRedundant bool
param insightsName string
param workspaceId string

resource insights 'Microsoft.Insights/components@2020-02-02' existing = { name: insightsName }

// The managed OpenTelemetry agent is in preview versions of the API only. It sets OTEL_EXPORTER_OTLP_ENDPOINT in every
// container and takes logs and traces to Application Insights, which takes no metrics from it: see alerts.bicep.
resource environment 'Microsoft.App/managedEnvironments@2025-10-02-preview' = {
  name: name
  location: location
  tags: tags
  properties: {
    workloadProfiles: [{ name: 'Consumption', workloadProfileType: 'Consumption' }]
    vnetConfiguration: { infrastructureSubnetId: subnetId, internal: false }
    zoneRedundant: zoneRedundant
    peerTrafficConfiguration: { encryption: { enabled: true } }
    appLogsConfiguration: { destination: 'azure-monitor' }
    appInsightsConfiguration: { connectionString: insights.properties.ConnectionString }
    openTelemetryConfiguration: {
      logsConfiguration: { destinations: ['appInsights'] }
      tracesConfiguration: { destinations: ['appInsights'] }
    }
  }
}

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: environment
  name: 'logs'
  properties: {
    workspaceId: workspaceId
    logs: [
      { category: 'ContainerAppConsoleLogs', enabled: true }
      { category: 'ContainerAppSystemLogs', enabled: true }
    ]
  }
}

output id string = environment.id
