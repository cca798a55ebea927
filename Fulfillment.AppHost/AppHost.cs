// The whole system as one app model: `./start.sh`, `dotnet run --project Fulfillment.AppHost`, or `dotnet aspire run`.
using System.Globalization;
using Fulfillment.AppHost.Operating;
using Fulfillment.AppHost.Preflight;
using Fulfillment.AppHost.Replicas;
using Fulfillment.AppHost.Stores;
using Fulfillment.Hosting;

var builder = DistributedApplication.CreateBuilder(args);
if (builder.ExecutionContext.IsPublishMode)
{
    await Console.Error.WriteLineAsync(Desk.NotPublished);
    return 1;
}

// A fault of this machine or of the rules ends here with one line; in the model it would be a resource that waits.
var root = Path.GetFullPath("..", builder.AppHostDirectory);
var places = StorePrograms.UsualPlaces(builder.Configuration["Postgres:Bin"], builder.Configuration["PATH"]);
var inspected = await Desk.InspectAsync(builder.Configuration, root, places, CancellationToken.None);
if (inspected is not Desk.Ready desk)
{
    await Console.Error.WriteLineAsync(((Desk.Unfit)inspected).Fault);
    return 1;
}

var optimizedPicking = builder.AddParameter("optimized-picking", "true");
var operatorKey = AddApiKey("operator");
var serviceKey = AddApiKey("service");
var floorKey = AddApiKey("floor");

// Two databases and the queue: containers where an engine runs, else programs of this machine.
var stores = builder.AddStores(desk);

// Picking plans the walks. Replicas come and go by the rule that is deployed (infra/bicep/scale-rules.json).
var picking = builder.AddPickingReplicas(desk, stores.Redis, replica => replica
    .WithStore(stores.PickingDb)
    .WithStore(stores.Redis)
    .AsService()
    .WithEnvironment("Warehouse__Id", DemoBrand.Warehouse)
    .WithEnvironment("OptimizedPicking", optimizedPicking) // as it begins; from then on it is what was put
    .WithEnvironment("Pool__OrdersMax", Setting(Desk.PoolOrdersMax))
    .WithEnvironment("Operator__Key", operatorKey)
    .WithEnvironment("Service__Key", serviceKey)
    .WithEnvironment("Floor__Key", floorKey));

// Orders takes the brands' orders, promises stock, and follows Picking's events from its first replica.
var orders = builder.AddProject<Projects.Fulfillment_Orders>("orders", launchProfileName: null)
    .WithHttpEndpoint(port: AskedPorts.Of(builder.Configuration, AskedPorts.Orders))
    .WithHttpHealthCheck("/health")
    .WithStore(stores.OrdersDb)
    .WithStore(stores.Redis)
    .AsService()
    .WithEnvironment("Picking__Url", picking.FirstReplica())
    .WithEnvironment("Operator__Key", operatorKey)
    .WithEnvironment("Service__Key", serviceKey)
    .WithEnvironment("Dispatch__StreamLength", Setting(desk.StreamLength))
    .WithIconName("Cart")
    .WithUrlForEndpoint("http", url => url.DisplayText = "Orders");

// What a person does from the dashboard: one order, a surge, the toggle, a Redis that is lost.
var ordersApi = new ServiceApi(orders.GetEndpoint("http"), operatorKey);
var pickingApi = new ServiceApi(picking.FirstReplica(), operatorKey);
var brand = new DemoBrand(ordersApi, pickingApi);
orders.WithPlaceOneOrderCommand(brand).WithListOrdersCommand(brand);
picking.WithOptimizedPickingCommands(new(pickingApi, picking.Resource));
stores.Redis.WithLoseRedisCommand();
builder.AddSurge(new(orders, picking.FirstReplica(), operatorKey, floorKey), root);
builder.AddWelcome(new(orders, picking.FirstReplica(), stores, operatorKey, floorKey), brand);

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
