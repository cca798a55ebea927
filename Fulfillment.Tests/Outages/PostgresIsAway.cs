using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Npgsql;
using Xunit;

namespace Fulfillment.Tests.Outages;

/// <summary>
/// Whatever takes Postgres away from running services: their callers are told to come again, in words that a program can
/// read; nobody is turned off; the log stays small; and it is over when the cause is.
/// </summary>
public sealed class PostgresIsAway(OutageFixture system) : IClassFixture<OutageFixture>
{
    private const int Rounds = 2;

    // A minute may have 10 KB, and no case lasts that long.
    private const int LogBytesMax = 10 * 1024;

    public static TheoryData<string> Causes => [.. Faults.Keys];

    private static readonly Dictionary<string, (Func<OutageCluster, Task> Break, Func<OutageCluster, Task> Mend)> Faults =
        new()
        {
            ["stopped"] = (cluster => cluster.StopAsync(), cluster => cluster.StartPostgresAsync()),
            ["frozen"] = (
                cluster =>
                {
                    cluster.Freeze();
                    return Task.CompletedTask;
                },
                cluster =>
                {
                    cluster.Thaw();
                    return Task.CompletedTask;
                }
            ),
            ["wrong password"] = (
                cluster => SetAsync(cluster, $"ALTER ROLE {OutageCluster.App} PASSWORD 'another'"),
                cluster => SetAsync(cluster, $"ALTER ROLE {OutageCluster.App} PASSWORD 'the-right-password'")),
            ["too many connections"] = (
                cluster => SetAsync(cluster, $"ALTER ROLE {OutageCluster.App} CONNECTION LIMIT 0"),
                cluster => SetAsync(cluster, $"ALTER ROLE {OutageCluster.App} CONNECTION LIMIT -1")),
            ["takes no connections"] = (
                cluster => SetAsync(cluster, ForBoth("ALTER DATABASE {0} ALLOW_CONNECTIONS false")),
                cluster => SetAsync(cluster, ForBoth("ALTER DATABASE {0} ALLOW_CONNECTIONS true"))),
            ["database missing"] = (
                cluster => SetAsync(cluster, [.. ForBoth("ALTER DATABASE {0} ALLOW_CONNECTIONS false"),
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'",
                    "SELECT pg_sleep(0.5)", .. ForBoth("ALTER DATABASE {0} RENAME TO {0}_away")]),
                cluster => SetAsync(cluster, [.. ForBoth("ALTER DATABASE {0}_away RENAME TO {0}"),
                    .. ForBoth("ALTER DATABASE {0} ALLOW_CONNECTIONS true")])),
        };

    [Theory]
    [MemberData(nameof(Causes))]
    public async Task Every_request_is_told_to_come_again_and_the_replicas_stay_ready(string cause)
    {
        var (orders, picking) = (system.Orders.Output.Length, system.Picking.Output.Length);
        await Faults[cause].Break(system.Cluster);
        try
        {
            for (var round = 0; round < Rounds; round++)
                foreach (var answer in await Task.WhenAll(Requests())) await ToldToComeAgainAsync(answer);
            foreach (var service in new[] { system.Orders, system.Picking })
                await DegradedAsync(service, "PostgreSQL");
        }
        finally
        {
            await Faults[cause].Mend(system.Cluster);
        }

        await BackAsync();
        await QuietLogAsync(system.Orders, orders);
        await QuietLogAsync(system.Picking, picking);
    }

    [Fact]
    public async Task A_database_that_only_reads_refuses_what_writes_and_answers_what_reads()
    {
        await system.Cluster.ExecuteAsync(
            "ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()");
        try
        {
            await Eventually.HoldsAsync(async () => (int)(await system.PlaceAsync()).StatusCode == 503);
            await ToldToComeAgainAsync(await system.PlaceAsync());
            await ToldToComeAgainAsync(await system.PlaceManyAsync());
            await ToldToComeAgainAsync(await CancelAsync());
            await OutageFixture.OkAsync(system.Brand.GetAsync($"/orders/{system.OrderId}"));
            await OutageFixture.OkAsync(system.Lead.GetAsync("/backlog"));
            await DegradedAsync(system.Orders, "PostgreSQL");
        }
        finally
        {
            await using var superuser = await system.Cluster.StepInAsync("postgres");
            await ExecuteAsync(superuser, "SET default_transaction_read_only = off");
            await ExecuteAsync(superuser, "ALTER SYSTEM RESET default_transaction_read_only");
            await ExecuteAsync(superuser, "SELECT pg_reload_conf()");
        }

        await BackAsync();
    }

    [Theory]
    [InlineData("")] // our own limit ends the statement
    [InlineData("1s")] // the server's does
    public async Task A_statement_that_runs_into_its_limit_is_no_fault_of_the_caller(string statementTimeout)
    {
        if (statementTimeout.Length > 0)
            await SetAsync(system.Cluster, $"ALTER ROLE app SET statement_timeout = '{statementTimeout}'");
        await using (var holder = await system.Cluster.StepInAsync("ordersdb"))
        {
            await using var transaction = await holder.BeginTransactionAsync();
            await ExecuteAsync(holder, "LOCK TABLE orders");
            await ToldToComeAgainAsync(await system.PlaceAsync());
            await ToldToComeAgainAsync(await system.Brand.GetAsync($"/orders/{system.OrderId}"));
            await ToldToComeAgainAsync(await CancelAsync());
        }

        await SetAsync(system.Cluster, "ALTER ROLE app RESET statement_timeout");
        await BackAsync();
    }

    [Fact]
    public async Task An_outage_that_is_over_in_time_costs_the_caller_nothing_but_the_wait()
    {
        await system.Cluster.StopAsync();
        var held = system.PlaceAsync("held");
        await system.Cluster.StartPostgresAsync();
        // On a busy machine the start may take longer than anybody is held: then he comes again, as he was told.
        while ((int)(await held).StatusCode == 503) held = system.PlaceAsync("held");
        await OutageFixture.OkAsync(held);
        await BackAsync();
    }

    private Task<HttpResponseMessage> CancelAsync() =>
        system.Brand.PostAsync($"/orders/{system.OrderId}/cancel", OutageFixture.Json("{}"));

    private IEnumerable<Task<HttpResponseMessage>> Requests() =>
    [
        system.PlaceAsync(), system.PlaceAsync(), system.PlaceManyAsync(), CancelAsync(),
        system.Brand.GetAsync($"/orders/{system.OrderId}"), system.Brand.GetAsync("/orders"),
        system.Brand.GetAsync($"/availability?sku=a"), system.Brand.PutAsync("/skus/a", OutageFixture.Json("""{"name":"A"}""")),
        system.Brand.PostAsync("/stock/receipts", OutageFixture.Json(
            """{"reference":"again","lines":[{"sku":"a","quantity":1}]}""")),
        system.Operator.PutAsync("/warehouses/main", OutageFixture.Json("""{"name":"Main"}""")),
        system.NextTourAsync(), system.Lead.GetAsync("/backlog"), system.Lead.GetAsync("/dead-letters"),
    ];

    private static async Task ToldToComeAgainAsync(HttpResponseMessage answer)
    {
        var (path, body) = (answer.RequestMessage!.RequestUri!.PathAndQuery, await answer.Content.ReadAsStringAsync());
        Assert.True((int)answer.StatusCode == 503, $"{path}: {answer.StatusCode} {body}");
        Assert.NotNull(answer.Headers.RetryAfter?.Delta);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        var problem = JsonNode.Parse(body)!;
        Assert.Matches("^(store|storage)_unavailable$", (string)problem["code"]!);
        Assert.DoesNotContain("127.0.0.1", body, StringComparison.Ordinal);
    }

    private static async Task DegradedAsync(ServiceProcess service, string store)
    {
        using var http = new HttpClient { BaseAddress = service.Address };
        await OutageFixture.OkAsync(http.GetAsync("/alive"));
        var health = await (await OutageFixture.OkAsync(http.GetAsync("/health"))).Content
            .ReadFromJsonAsync<JsonObject>();
        Assert.Equal("Degraded", (string)health!["status"]!);
        Assert.Equal("Degraded", (string)health["checks"]![store]!["status"]!);
    }

    private async Task BackAsync()
    {
        await Eventually.HoldsAsync(async () => (await system.PlaceAsync()).IsSuccessStatusCode);
        await Eventually.HoldsAsync(async () => (await system.NextTourAsync()).IsSuccessStatusCode);
        // The next case begins with both well, and with lines that may be written again.
        foreach (var service in new[] { system.Orders, system.Picking })
        {
            using var http = new HttpClient { BaseAddress = service.Address };
            await Eventually.HoldsAsync(async () => (await http.GetStringAsync("/health"))
                .Contains("\"PostgreSQL\":{\"status\":\"Healthy\"", StringComparison.Ordinal));
        }
    }

    private static async Task QuietLogAsync(ServiceProcess service, int from)
    {
        // The line is on its way when the health is well already.
        await Eventually.HoldsAsync(() => Task.FromResult(
            Occurrences(service.Output[from..], "PostgreSQL is back after ").Any()));
        var output = service.Output[from..];
        Assert.InRange(output.Length, 1, LogBytesMax);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
        Assert.Single(Occurrences(output, "PostgreSQL is away: "));
        Assert.Single(Occurrences(output, "PostgreSQL is back after "));
    }

    private static IEnumerable<string> Occurrences(string output, string words) =>
        output.Split('\n').Where(line => line.Contains(words, StringComparison.Ordinal));

    private static string[] ForBoth(string statement) =>
    [
        string.Format(null, statement, "ordersdb"), string.Format(null, statement, "pickingdb"),
    ];

    private static async Task SetAsync(OutageCluster cluster, params string[] statements)
    {
        await cluster.ExecuteAsync(statements);
        await cluster.EndSessionsAsync();
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
