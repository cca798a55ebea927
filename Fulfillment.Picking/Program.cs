using System.Text.Json.Serialization;
using Fulfillment.Contracts;
using Fulfillment.Picking;
using Fulfillment.Picking.DeadLetters;
using Fulfillment.Picking.Feed;
using Fulfillment.Picking.Floor;
using Fulfillment.Picking.Replay;
using Fulfillment.Picking.Toggle;
using Fulfillment.Picking.Tours;
using Fulfillment.Picking.Warehouse;
using Fulfillment.ServiceDefaults;
using Fulfillment.ServiceDefaults.ApiKeys;
using Fulfillment.ServiceDefaults.DataStores;
using Fulfillment.ServiceDefaults.Outages;
using StackExchange.Redis;

if (MigrateCommand.IsAskedFor(args))
    return await MigrateCommand.RunAsync(args, "pickingdb", typeof(Program).Assembly);
return await ServiceHost.RunAsync(async () =>
{
    var builder = WebApplication.CreateSlimBuilder(ServiceHost.Arguments(args));
    builder.AddServiceDefaults(polls: "/floor/tours/next");
    var settings = PickingSettings.Read(builder.Configuration);
    builder.AddPostgres("pickingdb", settings.PostgresPoolMax);
    builder.AddRedis("redis");
    builder.AddApiKeys(
        ("service", ["service"]), ("floor", ["picker", "lead"]), ("lead", ["lead", "operator"]),
        ("operator", ["operator"]));
    builder.Services.ConfigureHttpJsonOptions(json =>
    {
        json.SerializerOptions.TypeInfoResolverChain.Insert(0, PickingJson.Default);
        json.SerializerOptions.TypeInfoResolverChain.Insert(1, ContractsJson.Default);
        json.SerializerOptions.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        json.SerializerOptions.AllowDuplicateProperties = false;
    });
    builder.AddPicking(settings);

    var app = builder.Build();
    app.UseRequestFaults();
    app.UseBodyCap();
    app.UseApiKeys();
    app.MapDefaultEndpoints();
    app.MapEventFeed();
    app.MapResumeReader();
    app.MapReconcileReleases();
    app.MapSlots();
    app.MapShowTour();
    app.MapShowBacklog();
    app.MapDeadLetters();
    app.MapPutToggle();
    app.MapShowToggle();
    app.MapReplayPlan();
    var floor = app.MapGroup("/floor").RequireAuthorization("floor");
    floor.MapNextTour();
    floor.MapConfirmTour();
    floor.MapFinishTour();

    // Redis is greeted while Postgres is: the worker waits for both.
    var redis = Task.Run(app.Services.GetRequiredService<IConnectionMultiplexer>);
    await app.PrepareAsync("pickingdb", typeof(Program).Assembly, async stopping =>
    {
        var keys = app.Services.GetRequiredService<ApiKeyStore>();
        await keys.PutConfiguredKeyAsync(app.Configuration, "Operator:Key", "operator", stopping);
        await keys.PutConfiguredKeyAsync(app.Configuration, "Service:Key", "service", stopping);
        await keys.PutConfiguredKeyAsync(app.Configuration, "Lead:Key", "lead", stopping);
        await keys.PutConfiguredKeyAsync(app.Configuration, "Floor:Key", "picker", stopping);
        await app.Services.GetRequiredService<ToggleWatch>().BeginAsync(stopping);
    });
    await redis;
    await app.RunAsync();
});
