// The first provisioning of a dev environment: nothing is deployed yet, placeholders run.
using 'main.bicep'

param environmentName = 'fulfillment-dev'
param location = readEnvironmentVariable('AZURE_LOCATION', 'westeurope')
param size = 'dev'
param serviceKey = readEnvironmentVariable('SERVICE_KEY')
param operatorKey = readEnvironmentVariable('OPERATOR_KEY')
param floorKey = readEnvironmentVariable('FLOOR_KEY')
