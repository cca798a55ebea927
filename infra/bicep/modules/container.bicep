// What both apps have in common: how a container is probed, and what every service is told.
import { serviceIdentity } from 'identity.bicep'

@export()
@description('Services listen here, as the chiseled images of .NET do when nobody says otherwise.')
var port = 8080

@export()
@description('Kubernetes gives the process this long after SIGTERM; Container Apps may take a minute more, or not.')
var shutdownSeconds = 30

@export()
@description('''Probes. The image of the first provisioning knows neither /health nor /alive, so only its port is asked;
`azd up` provisions once more after its first deploy (azure.yaml), and from then on the services are.
startup: migrations wait for a lock, so five minutes. liveness: the process, not its stores: a database that is away
is no reason to restart thirty pickers. readiness: 200 once Postgres has answered, also while something is degraded.''')
func probes(deployed bool) object[] => [
  union({ type: 'Startup', periodSeconds: 5, failureThreshold: 60, timeoutSeconds: 3 }, ask(deployed, '/alive'))
  union({ type: 'Liveness', periodSeconds: 10, failureThreshold: 6, timeoutSeconds: 3 }, ask(deployed, '/alive'))
  union({ type: 'Readiness', periodSeconds: 5, failureThreshold: 3, timeoutSeconds: 3 }, ask(deployed, '/health'))
]

func ask(deployed bool, path string) object =>
  deployed ? { httpGet: { path: path, port: port, scheme: 'HTTP' } } : { tcpSocket: { port: port } }

@export()
@description('A connection string with no password in it: the service asks Entra for a token.')
func postgres(host string, database string, identity serviceIdentity) string =>
  'Host=${host};Database=${database};Username=${identity.name};SSL Mode=VerifyFull'

@export()
@description('As above. Redis wants the object id of the identity as the user.')
func redis(address string, identity serviceIdentity) string =>
  '${address},ssl=true,user=${identity.principalId},abortConnect=false'

@export()
@description('What every service is told, whatever it does.')
func common(service string, identity serviceIdentity) object[] => [
  { name: 'Azure__UseEntra', value: 'true' }
  { name: 'AZURE_CLIENT_ID', value: identity.clientId }
  { name: 'Azure__LoggedMetrics', value: join(map(items(loadJsonContent('../metrics.json')), one => one.value), ';') }
  { name: 'OTEL_SERVICE_NAME', value: service }
]
