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
    internal static StoreResources AddStores(this IDistributedApplicationBuilder builder, StoreHosting hosting)
    {
        Console.WriteLine(hosting);
        return hosting switch
        {
            StoreHosting.Containers => builder.AddContainerStores(),
            StoreHosting.NativeExecutables native => builder.AddNativeStores(native),
            _ => throw new InvalidOperationException($"No stores from {hosting}."),
        };
    }

    /// <summary>Gives a service the connection string of a store, and starts it when the store answers.</summary>
    internal static IResourceBuilder<ProjectResource> WithStore(
        this IResourceBuilder<ProjectResource> service, IResourceBuilder<IResourceWithConnectionString> store) =>
        service.WithReference(store).WaitFor(store);

    private static StoreResources AddContainerStores(this IDistributedApplicationBuilder builder)
    {
        var postgres = builder.AddPostgres("postgres", port: Ports.Asked(builder.Configuration, Ports.Postgres));
        var redis = builder.AddRedis("redis", port: Ports.Asked(builder.Configuration, Ports.Redis));
        return new(postgres.AddDatabase("ordersdb"), postgres.AddDatabase("pickingdb"), redis);
    }
}
