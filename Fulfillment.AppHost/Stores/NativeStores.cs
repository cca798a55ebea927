using System.Net.Sockets;
using Fulfillment.AppHost.Preflight;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Fulfillment.AppHost.Stores;

/// <summary>
/// Postgres and Redis as processes, for machines without a container engine. Like containers without a volume they
/// begin empty with every start of the AppHost and leave nothing behind.
/// </summary>
internal static class NativeStores
{
    internal static StoreResources AddNativeStores(
        this IDistributedApplicationBuilder builder, StoreHosting.NativeExecutables native)
    {
        // The folder below is deleted when all have stopped; by default nobody waits for that.
        builder.Configuration["DcpPublisher:WaitForResourceCleanup"] = "true";
        var scratch = Directory.CreateTempSubdirectory("fulfillment-apphost-").FullName;
        builder.Services.AddHostedService(_ => new ScratchFolder(scratch));

        var password = builder.AddParameter(
            "postgres-password", new GenerateParameterDefault { MinLength = 32, Special = false }, secret: true);
        var cluster = new PostgresCluster(native.PostgresBin, Path.Combine(scratch, "postgres"));
        var (command, arguments) = cluster.ServerCommand();
        var postgres = builder.AddExecutable("postgres", command, scratch, arguments)
            .WithEndpoint(
                name: "tcp", scheme: "tcp", port: Ports.Asked(builder.Configuration, Ports.Postgres), isProxied: false)
            .OnBeforeResourceStarted(async (_, _, cancellation) => await cluster.CreateAsync(
                ["ordersdb", "pickingdb"], await password.Resource.GetValueAsync(cancellation) ?? "", cancellation));
        var port = postgres.GetEndpoint("tcp");
        postgres.WithArgs("-p", port.Property(EndpointProperty.TargetPort));

        var redis = builder.AddExecutable("redis-server", native.RedisServer, scratch)
            .WithEndpoint(
                name: "tcp", scheme: "tcp", port: Ports.Asked(builder.Configuration, Ports.Redis), isProxied: false);
        redis.WithArgs(
            "--port", redis.GetEndpoint("tcp").Property(EndpointProperty.TargetPort),
            "--bind", "127.0.0.1", "--save", "", "--appendonly", "no");

        var portNumber = port.Property(EndpointProperty.Port);
        IResourceBuilder<IResourceWithConnectionString> Database(string name) => builder
            .AddConnectionString(name, ReferenceExpression.Create(
                $"Host=127.0.0.1;Port={portNumber};Username=postgres;Password={password};Database={name}"))
            .WithAnswerCheck(port);

        return new(
            Database("ordersdb"),
            Database("pickingdb"),
            builder.AddConnectionString("redis", ReferenceExpression.Create(
                $"127.0.0.1:{redis.GetEndpoint("tcp").Property(EndpointProperty.Port)}"))
                .WithAnswerCheck(redis.GetEndpoint("tcp")));
    }

    /// <summary>Healthy when the server takes connections; what it then says, the services' own checks ask.</summary>
    private static IResourceBuilder<ConnectionStringResource> WithAnswerCheck(
        this IResourceBuilder<ConnectionStringResource> store, EndpointReference server)
    {
        var check = $"{store.Resource.Name}-answers";
        store.ApplicationBuilder.Services.AddHealthChecks().AddAsyncCheck(check, async cancellation =>
        {
            // A reference keeps its first answer to IsAllocated (EndpointReference.cs, 13.5.2): each check asks anew.
            var now = new EndpointReference(server.Resource, server.EndpointName);
            if (!now.IsAllocated) return HealthCheckResult.Unhealthy("not started");
            using var client = new TcpClient();
            try
            {
                await client.ConnectAsync("127.0.0.1", now.Port, cancellation);
                return HealthCheckResult.Healthy();
            }
            catch (SocketException refused)
            {
                return HealthCheckResult.Unhealthy(refused.Message);
            }
        });
        return store.WithHealthCheck(check);
    }
}
