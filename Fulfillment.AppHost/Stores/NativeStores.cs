using System.Net.Sockets;
using Fulfillment.AppHost.Preflight;
using Fulfillment.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Fulfillment.AppHost.Stores;

/// <summary>
/// Postgres and Redis as processes, for machines without a container engine. Like containers without a volume they
/// begin empty with every start of the AppHost and leave nothing behind, unless their data is to be kept.
/// </summary>
internal static class NativeStores
{
    internal const string Endpoint = "tcp";

    private const string User = "postgres";

    internal static StoreResources AddNativeStores(
        this IDistributedApplicationBuilder builder, StoreHosting.NativeExecutables native, string? kept)
    {
        var folder = kept is null ? builder.AddScratchFolder() : Directory.CreateDirectory(kept).FullName;
        var password = builder.AddParameter(
            "postgres-password", new GenerateParameterDefault { MinLength = 32, Special = false }, secret: true);
        var cluster = new PostgresCluster(native.PostgresBin, Path.Combine(folder, "postgres"));
        var (command, arguments) = cluster.ServerCommand();
        var begun = false;
        var postgres = builder.AddExecutable("postgres", command, folder, [.. arguments])
            .WithTcp(AskedPorts.Of(builder.Configuration, AskedPorts.Postgres))
            .WithIconName("DatabaseStack")
            .OnBeforeResourceStarted(async (_, _, cancellation) =>
            {
                if (begun) return; // restarted from the dashboard
                begun = true;
                var secret = await password.Resource.GetValueAsync(cancellation) ?? "";
                if (cluster.Exists) await cluster.SetPasswordAsync(User, secret, cancellation);
                else await cluster.CreateAsync(User, secret, ["ordersdb", "pickingdb"], cancellation);
            });
        postgres.WithArgs("-p", postgres.GetEndpoint(Endpoint).Property(EndpointProperty.TargetPort));

        var redisFolder = Directory.CreateDirectory(Path.Combine(folder, "redis")).FullName;
        var redis = builder.AddResource(new NativeRedis("redis", native.RedisServer, redisFolder))
            .WithTcp(AskedPorts.Of(builder.Configuration, AskedPorts.Redis))
            .WithIconName("DatabaseLightning");
        redis.WithArgs([
            "--port", redis.GetEndpoint(Endpoint).Property(EndpointProperty.TargetPort),
            ..kept is null ? RedisServer.InMemory : ["--bind", "127.0.0.1", "--appendonly", "yes"]]);

        var port = postgres.GetEndpoint(Endpoint).Property(EndpointProperty.Port);
        IResourceBuilder<ConnectionStringResource> Database(string name) => builder
            .AddConnectionString(name, ReferenceExpression.Create(
                $"Host=127.0.0.1;Port={port};Username={User};Password={password};Database={name}"))
            .WithHealthCheck("postgres-answers")
            .WithParentRelationship(postgres)
            .WithIconName("Database");
        return new(Database("ordersdb"), Database("pickingdb"), redis);
    }

    private static string AddScratchFolder(this IDistributedApplicationBuilder builder)
    {
        // The folder is deleted when all have stopped; by default nobody waits for that.
        builder.Configuration["DcpPublisher:WaitForResourceCleanup"] = "true";
        var scratch = ScratchFolder.Create(Path.GetTempPath());
        builder.Services.AddHostedService(_ => scratch);
        return scratch.Path;
    }

    private static IResourceBuilder<T> WithTcp<T>(this IResourceBuilder<T> server, int? port)
        where T : ExecutableResource
    {
        var check = $"{server.Resource.Name}-answers";
        server.ApplicationBuilder.Services.AddHealthChecks()
            .AddAsyncCheck(check, cancellation => AnswersAsync(server.Resource, cancellation));
        return server
            .WithEndpoint(name: Endpoint, scheme: "tcp", port: port, isProxied: false)
            .WithHealthCheck(check);
    }

    /// <summary>Healthy when the server takes connections; what it then says, the services' own checks ask.</summary>
    private static async Task<HealthCheckResult> AnswersAsync(
        IResourceWithEndpoints server, CancellationToken cancellation)
    {
        // A reference keeps its first answer to IsAllocated (EndpointReference.cs, 13.5.2): each check asks anew.
        var now = new EndpointReference(server, Endpoint);
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
    }
}
