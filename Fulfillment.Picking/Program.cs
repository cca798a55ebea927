using Fulfillment.ServiceDefaults;
using Fulfillment.ServiceDefaults.ApiKeys;
using Fulfillment.ServiceDefaults.DataStores;
using Npgsql;

return await ServiceHost.RunAsync(async () =>
{
    var builder = WebApplication.CreateSlimBuilder(args);
    builder.AddServiceDefaults();
    builder.AddPostgres("pickingdb", poolMax: 2);
    builder.AddRedis("redis");
    builder.AddApiKeys(
        ("service", ["service"]), ("floor", ["picker", "lead"]), ("lead", ["lead", "operator"]),
        ("operator", ["operator"]));

    var app = builder.Build();
    app.UseAuthentication();
    app.UseAuthorization();
    app.MapDefaultEndpoints();

    var stopping = app.Lifetime.ApplicationStopping;
    var database = app.Services.GetRequiredService<NpgsqlDataSource>();
    var clock = app.Services.GetRequiredService<TimeProvider>();
    await StoreReadiness.WaitForPostgresAsync(database, "pickingdb", clock, app.Logger, stopping);
    await Migrator.MigrateAsync(database, typeof(Program).Assembly, app.Logger, stopping);
    var keys = app.Services.GetRequiredService<ApiKeyStore>();
    await keys.PutConfiguredKeyAsync(app.Configuration, "Operator:Key", "operator", stopping);
    await keys.PutConfiguredKeyAsync(app.Configuration, "Service:Key", "service", stopping);
    await keys.PutConfiguredKeyAsync(app.Configuration, "Floor:Key", "picker", stopping);
    await app.RunAsync();
});
