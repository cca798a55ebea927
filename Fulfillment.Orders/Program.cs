using Fulfillment.Orders;
using Fulfillment.ServiceDefaults;
using Fulfillment.ServiceDefaults.ApiKeys;
using Fulfillment.ServiceDefaults.DataStores;
using Fulfillment.ServiceDefaults.Leadership;
using Fulfillment.ServiceDefaults.Outages;
using Npgsql;

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

    var stopping = app.Lifetime.ApplicationStopping;
    var database = app.Services.GetRequiredService<NpgsqlDataSource>();
    var clock = app.Services.GetRequiredService<TimeProvider>();
    await StoreReadiness.WaitForPostgresAsync(database, "ordersdb", clock, app.Logger, stopping);
    await Migrator.MigrateAsync(database, typeof(Program).Assembly, app.Logger, stopping);
    await app.Services.GetRequiredService<ApiKeyStore>()
        .PutConfiguredKeyAsync(app.Configuration, "Operator:Key", "operator", stopping);
    await app.RunAsync();
});
