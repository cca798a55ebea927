// The whole system as one app model: `dotnet run --project Fulfillment.AppHost`, or `aspire run`.
using System.Globalization;
using Fulfillment.AppHost.Operating;
using Fulfillment.AppHost.Preflight;
using Fulfillment.AppHost.Replicas;
using Fulfillment.AppHost.Stores;

var builder = DistributedApplication.CreateBuilder(args);

// A fault of this machine or of the rules ends here with one line; in the model it would be a resource that waits.
var root = Path.GetFullPath("..", builder.AppHostDirectory);
var places = StoreHosting.UsualPlaces(builder.Configuration);
var inspected = await Desk.InspectAsync(
    builder.Configuration, builder.ExecutionContext.IsPublishMode, root, places, CancellationToken.None);
if (inspected is not Desk.Ready desk)
{
    await Console.Error.WriteLineAsync(((Desk.Unfit)inspected).Fault);
    return 1;
}

var optimizedPicking = builder.AddParameter("optimized-picking", "true");
var surgeScale = builder.Configuration["Parameters:surge-scale"] ?? "10";
var scale = builder.AddParameter("surge-scale", surgeScale);
var operatorKey = AddApiKey("operator");
var serviceKey = AddApiKey("service");
var floorKey = AddApiKey("floor");

// Two databases and the queue: containers where an engine runs, else programs of this machine.
var stores = builder.AddStores(desk.Stores);

// Picking plans the walks. Replicas come and go by the rule that is deployed (infra/bicep/scale-rules.json).
var picking = builder.AddPickingReplicas(desk, stores.Redis, replica => replica
    .WithStore(stores.PickingDb)
    .WithStore(stores.Redis)
    .WithEnvironment("Warehouse__Id", "main")
    .WithEnvironment("Pool__OrdersMax", Setting(Desk.PoolOrdersMax))
    .WithEnvironment("Operator__Key", operatorKey)
    .WithEnvironment("Service__Key", serviceKey)
    .WithEnvironment("Floor__Key", floorKey));

// Orders takes the brands' orders, promises stock, and follows Picking's events from its first replica.
var orders = builder.AddProject<Projects.Fulfillment_Orders>("orders", launchProfileName: null)
    .WithHttpEndpoint(port: Ports.Asked(builder.Configuration, Ports.Orders))
    .WithHttpHealthCheck("/health")
    .WithExternalHttpEndpoints()
    .WithStore(stores.OrdersDb)
    .WithStore(stores.Redis)
    .WithEnvironment("Picking__Url", picking.FirstReplica())
    .WithEnvironment("Operator__Key", operatorKey)
    .WithEnvironment("Service__Key", serviceKey)
    .WithEnvironment("Dispatch__StreamLength", Setting(desk.StreamLength));

// The surge: ten times a normal day's orders, and pickers who walk the tours. Started from the dashboard.
var surge = builder.AddProject<Projects.Fulfillment_Surge>("surge", launchProfileName: null)
    .WithExplicitStart()
    .WithArgs(
        "target", "--url", orders.GetEndpoint("http"), "--picking-url", picking.FirstReplica(),
        "--operator-key", operatorKey, "--floor-key", floorKey, "--scale", scale,
        "--rate", "30") // ten times this is more than one replica of a desk plans: the rule has something to do
    .ExcludeFromManifest();

orders.WithSurgeCommand(surge, surgeScale);
picking.WithOptimizedPickingCommand(new(picking.FirstReplica(), operatorKey, optimizedPicking));

await builder.Build().RunAsync();
return 0;

// A key is prefix.secret; the secret is made at the first start and kept in the user secrets.
ReferenceExpression AddApiKey(string role)
{
    var secret = builder.AddParameter(
        $"{role}-secret", new GenerateParameterDefault { MinLength = 32, Special = false }, secret: true);
    return ReferenceExpression.Create($"{role}.{secret}");
}

static string Setting(long number) => number.ToString(CultureInfo.InvariantCulture);
