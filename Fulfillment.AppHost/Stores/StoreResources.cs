using Fulfillment.AppHost.Preflight;

namespace Fulfillment.AppHost.Stores;

/// <summary>The stores by what the services call them, however they run.</summary>
internal sealed record StoreResources(
    IResourceBuilder<IResourceWithConnectionString> OrdersDb,
    IResourceBuilder<IResourceWithConnectionString> PickingDb,
    IResourceBuilder<IResourceWithConnectionString> Redis);

internal static class StoreResourceExtensions
{
    /// <summary>Adds Postgres with two databases and Redis, as containers or as programs of this machine.</summary>
    internal static StoreResources AddStores(this IDistributedApplicationBuilder builder, Desk.Ready desk)
    {
        Console.WriteLine(desk.Stores);
        return desk.Stores switch
        {
            StoreHosting.Containers => builder.AddContainerStores(desk.Kept is not null),
            StoreHosting.NativeExecutables native => builder.AddNativeStores(native, desk.Kept),
            _ => throw new InvalidOperationException($"No stores from {desk.Stores}."),
        };
    }

    /// <summary>Gives a service the connection string of a store, and starts it when the store answers.</summary>
    internal static IResourceBuilder<ProjectResource> WithStore(
        this IResourceBuilder<ProjectResource> service, IResourceBuilder<IResourceWithConnectionString> store) =>
        service.WithReference(store).WaitFor(store);

    /// <summary>
    /// In the environment of the AppHost. Telemetry that nobody takes is dropped soon: the dashboard stops before the
    /// services, and Aspire's setting would have each of them wait for it.
    /// </summary>
    internal static IResourceBuilder<ProjectResource> AsService(this IResourceBuilder<ProjectResource> service) =>
        service
            .WithEnvironment("ASPNETCORE_ENVIRONMENT", service.ApplicationBuilder.Environment.EnvironmentName)
            .WithEnvironment("OTEL_DOTNET_EXPERIMENTAL_OTLP_RETRY", "")
            .WithEnvironment("OTEL_EXPORTER_OTLP_TIMEOUT", "1000");

    private static StoreResources AddContainerStores(this IDistributedApplicationBuilder builder, bool keep)
    {
        var postgres = builder.AddPostgres("postgres", port: AskedPorts.Of(builder.Configuration, AskedPorts.Postgres));
        var redis = builder.AddRedis("redis", port: AskedPorts.Of(builder.Configuration, AskedPorts.Redis));
        if (keep)
        {
            postgres.WithDataVolume();
            redis.WithDataVolume().WithPersistence();
        }

        return new(postgres.AddDatabase("ordersdb"), postgres.AddDatabase("pickingdb"), redis);
    }
}
