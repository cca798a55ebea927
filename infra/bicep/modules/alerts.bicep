// What wakes somebody. Application Insights takes no metrics from the platform's OpenTelemetry agent, so the services
// write the few numbers of metrics.json to their log once a minute ("metric <name> <value>"), which these rules read.
param location string
param tags object
param workspaceId string
@description('False until the first deploy: the placeholder writes no metrics.')
param deployed bool
param ordersId string
param pickings { name: string, id: string, replicasMax: int }[]
@description('Empty: alerts show in the portal and mail nobody.')
param email string

var metrics = loadJsonContent('../metrics.json')
var metricLines = 'ContainerAppConsoleLogs | parse Log with * "metric " Name:string " " Value:real *'

type logAlert = {
  name: string
  what: string
  query: string
  severity: 1 | 2 | 3
  operator: 'GreaterThan' | 'LessThan'
  threshold: int
  @description('The column of the query that is watched; without one, rows are counted.')
  column: string?
}

var logAlerts logAlert[] = [
  {
    name: 'backlog-age'
    what: 'The oldest accepted order has waited a quarter of an hour. If no replica is busy, the relay is down.'
    query: '${metricLines} | where Name == "${metrics.backlogAge}" | summarize Seconds = max(Value)'
    column: 'Seconds'
    operator: 'GreaterThan'
    threshold: 900
    severity: 2
  }
  {
    name: 'dead-letters'
    what: 'A release failed five times, alone, of its own making. Look at it and send it again.'
    query: '${metricLines} | where Name == "${metrics.deadLetters}" | summarize Count = max(Value)'
    column: 'Count'
    operator: 'GreaterThan'
    threshold: 0
    severity: 3
  }
  {
    name: 'feed-stopped'
    what: 'Orders applies no events of a warehouse any more, or is minutes behind: GET /feed says why, docs/OPERATE.md what to do.'
    query: '${metricLines} | where Name == "${metrics.feedStopped}" or (Name == "${metrics.feedLag}" and Value > 300) | summarize Count = max(Value)'
    column: 'Count'
    operator: 'GreaterThan'
    threshold: 0
    severity: 1
  }
  {
    name: 'releases-parked'
    what: 'Events of a release did not fit, and it waits for a person: GET /feed/parked says why, retry or skip it.'
    query: '${metricLines} | where Name == "${metrics.feedParked}" | summarize Count = max(Value)'
    column: 'Count'
    operator: 'GreaterThan'
    threshold: 0
    severity: 2
  }
  {
    name: 'scaler-failed'
    what: 'The scaler cannot read the queue, so Picking stays as it is. After a key rotation: is the key right?'
    query: 'ContainerAppSystemLogs | where Reason == "KEDAScalerFailed"'
    operator: 'GreaterThan'
    threshold: 0
    severity: 1
  }
  {
    name: 'metrics-silent'
    what: 'The services stopped writing their metrics: the alerts above are blind.'
    query: '${metricLines} | where Name == "${metrics.backlogAge}"'
    operator: 'LessThan'
    threshold: 1
    severity: 1
  }
]

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = if (email != '') {
  name: 'people'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'fulfillment'
    emailReceivers: [{ name: 'mail', emailAddress: email, useCommonAlertSchema: true }]
  }
}

var actionGroups = email == '' ? [] : [people.id]

resource logRules 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for alert in logAlerts: {
    name: alert.name
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: alert.name
      description: alert.what
      enabled: deployed
      severity: alert.severity
      scopes: [workspaceId]
      evaluationFrequency: 'PT5M'
      windowSize: 'PT10M'
      autoMitigate: true
      // The tables appear with the first line that is written into them.
      skipQueryValidation: true
      criteria: {
        allOf: [
          union(
            {
              query: alert.query
              operator: alert.operator
              threshold: alert.threshold
              timeAggregation: alert.?column == null ? 'Count' : 'Maximum'
              failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
            },
            alert.?column == null ? {} : { metricMeasureColumn: alert.?column }
          )
        ]
      }
      actions: { actionGroups: actionGroups }
    }
  }
]

resource exhausted 'Microsoft.Insights/metricAlerts@2018-03-01' = [
  for picking in pickings: {
    name: picking.name == 'picking' ? 'no-free-replica' : 'no-free-replica-${picking.name}'
    location: 'global'
    tags: tags
    properties: {
      description: 'Picking is at maxReplicas, so the backlog grows with every order: raise max, or hands on the floor.'
      enabled: true
      severity: 2
      scopes: [picking.id]
      evaluationFrequency: 'PT5M'
      windowSize: 'PT15M'
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
        allOf: [
          {
            criterionType: 'StaticThresholdCriterion'
            name: 'replicas'
            metricName: 'Replicas'
            timeAggregation: 'Minimum'
            operator: 'GreaterThanOrEqual'
            threshold: picking.replicasMax
          }
        ]
      }
      actions: [for id in actionGroups: { actionGroupId: id }]
    }
  }
]

resource failures 'Microsoft.Insights/metricAlerts@2018-03-01' = [
  for app in concat([{ name: 'orders', id: ordersId }], map(pickings, of => { name: of.name, id: of.id })): {
    name: '${app.name}-5xx'
    location: 'global'
    tags: tags
    properties: {
      description: 'Callers of ${app.name} see server errors. A 503 with Retry-After counts: it means too much at once.'
      enabled: true
      severity: 2
      scopes: [app.id]
      evaluationFrequency: 'PT1M'
      windowSize: 'PT5M'
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
        allOf: [
          {
            criterionType: 'StaticThresholdCriterion'
            name: 'errors'
            metricName: 'Requests'
            dimensions: [{ name: 'statusCodeCategory', operator: 'Include', values: ['5xx'] }]
            timeAggregation: 'Total'
            operator: 'GreaterThan'
            threshold: 10
          }
        ]
      }
      actions: [for id in actionGroups: { actionGroupId: id }]
    }
  }
]

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, 'surge')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Surge: backlog against replicas'
    category: 'workbook'
    sourceId: workspaceId
    serializedData: reduce(
      items({
        ORDERS_ID: ordersId
        PICKING_ID: pickings[0].id
        WORKSPACE_ID: workspaceId
        BACKLOG_AGE: metrics.backlogAge
        BACKLOG_COUNT: metrics.backlog
        DEAD_LETTERS: metrics.deadLetters
      }),
      loadTextContent('../workbook.json'),
      (text, item) => replace(text, '<${item.key}>', item.value)
    )
  }
}
