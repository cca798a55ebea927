using Fulfillment.Orders;
using Fulfillment.ServiceDefaults;
using Fulfillment.ServiceDefaults.ApiKeys;
using Fulfillment.ServiceDefaults.DataStores;
using Fulfillment.ServiceDefaults.Leadership;
using Fulfillment.ServiceDefaults.Outages;

if (MigrateCommand.IsAskedFor(args))
    return await MigrateCommand.RunAsync(args, "ordersdb", typeof(Program).Assembly);
return await ServiceHost.RunAsync(async () =>
{
    var builder = WebApplication.CreateSlimBuilder(ServiceHost.Arguments(args));
    builder.AddServiceDefaults();
    builder.AddPostgres("ordersdb", ConnectionBudget.Requests);
    builder.AddLeadership("ordersdb", ConnectionBudget.Leaders);
    builder.AddRedis("redis");
    builder.AddApiKeys(("client", ["client"]), ("operator", ["operator"]), ("reader", ["client", "operator"]));

    builder.AddOrders();

    var app = builder.Build();
    app.UseRequestFaults();
    app.UseApiKeys();
    app.MapDefaultEndpoints();
    app.MapOrders();

    await app.PrepareAsync("ordersdb", typeof(Program).Assembly, async stopping =>
    {
        var keys = app.Services.GetRequiredService<ApiKeyStore>();
        await keys.PutConfiguredKeyAsync(app.Configuration, "Operator:Key", "operator", stopping);
        await keys.PutConfiguredKeyAsync(app.Configuration, "Lead:Key", "lead", stopping);
    });
    await app.RunAsync();
});
