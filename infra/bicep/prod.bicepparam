// A prod environment that runs: images stay, probes ask the services, somebody is mailed.
using 'main.bicep'

param environmentName = 'fulfillment-prod'
param location = readEnvironmentVariable('AZURE_LOCATION', 'westeurope')
param size = 'prod'
param ordersExists = true
param pickingExists = true
param alertEmail = readEnvironmentVariable('ALERT_EMAIL', 'oncall@example.com')
param serviceKey = readEnvironmentVariable('SERVICE_KEY')
param operatorKey = readEnvironmentVariable('OPERATOR_KEY')
param floorKey = readEnvironmentVariable('FLOOR_KEY')
