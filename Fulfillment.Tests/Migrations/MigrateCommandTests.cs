using System.Diagnostics;
using Fulfillment.Hosting;
using Npgsql;
using Xunit;

namespace Fulfillment.Tests.Migrations;

/// <summary>The command <c>migrate</c> of each service, as a job runs it, and replicas that leave it to the job.</summary>
public sealed class MigrateCommandTests(TestServers servers)
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("Fulfillment.Orders", "ordersdb")]
    [InlineData("Fulfillment.Picking", "pickingdb")]
    public async Task It_brings_an_empty_database_up_to_date_and_finds_nothing_to_do_the_second_time(
        string service, string name)
    {
        var database = await servers.CreateEmptyDatabaseAsync();
        var (code, said) = await RunAsync(service, ("ConnectionStrings__" + name, database));
        Assert.Equal(0, code);
        Assert.Contains($"{name} is migrated, ", said, StringComparison.Ordinal);
        await using var source = NpgsqlDataSource.Create(database);
        await using var count = source.CreateCommand("SELECT count(*) FROM schemaversions");
        var applied = await count.ExecuteScalarAsync(Cancellation);
        Assert.Contains($"{applied} scripts were missing", said, StringComparison.Ordinal);

        (code, said) = await RunAsync(service, ("ConnectionStrings__" + name, database));
        Assert.Equal((0, $"{name} is migrated, 0 scripts were missing"), (code, said.Trim()));
    }

    [Theory]
    [InlineData("Fulfillment.Orders", "ordersdb", "Host=127.0.0.1;Port=1;Database=d;Username=u")]
    [InlineData("Fulfillment.Picking", "pickingdb", "Host=127.0.0.1;Port=1;Database=d;Username=u")]
    [InlineData("Fulfillment.Picking", "pickingdb", "")]
    public async Task It_fails_with_an_exit_code_and_no_stack_trace(string service, string name, string database)
    {
        var (code, said) = await RunAsync(
            service, ("ConnectionStrings__" + name, database), ("Migrations__WaitSecondsMax", "1"));
        Assert.Equal(1, code);
        Assert.Contains($"ConnectionStrings:{name}", said, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_replica_that_leaves_it_to_the_job_waits_for_it_and_then_serves()
    {
        var database = await servers.CreateEmptyDatabaseAsync();
        await using var replica = await ServiceProcess.StartAsync(
            "Fulfillment.Orders",
            new Dictionary<string, string>
            {
                ["ConnectionStrings:ordersdb"] = database,
                ["ConnectionStrings:redis"] = await servers.RedisEndpointAsync(),
                ["Service:Key"] = "orders.0123456789abcdef0123456789abcdef",
                ["Picking:Url"] = "http://127.0.0.1:1",
                ["Migrations:AtStart"] = "false",
            },
            waitUntilAlive: false);
        await Eventually.HoldsAsync(() => Task.FromResult(
            replica.Output.Contains("Waiting for the job that migrates", StringComparison.Ordinal)));
        Assert.Equal(0, (await RunAsync("Fulfillment.Orders", ("ConnectionStrings__ordersdb", database))).Code);
        using var http = new HttpClient { BaseAddress = replica.Address };
        await Eventually.HoldsAsync(async () =>
        {
            try
            {
                return (await http.GetAsync(new Uri("/health", UriKind.Relative), Cancellation)).IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        });
    }

    private static async Task<(int Code, string Said)> RunAsync(
        string service, params (string Name, string Value)[] settings)
    {
        var start = new ProcessStartInfo(BuildOutput.Executable(service), ["migrate"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in settings) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var (output, errors) = (
            process.StandardOutput.ReadToEndAsync(Cancellation), process.StandardError.ReadToEndAsync(Cancellation));
        await process.WaitForExitAsync(Cancellation);
        return (process.ExitCode, await output + await errors);
    }
}
