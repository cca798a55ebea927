using System.Net;
using System.Net.Sockets;
using Fulfillment.AppHost.Preflight;
using Fulfillment.Tests.Architecture;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace Fulfillment.Tests.AppHost;

/// <summary>What the AppHost finds out before it builds a model; each fault is one line and is seen here.</summary>
public sealed class DeskTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fulfillment-desk-").FullName;
    private readonly Dictionary<string, string?> _settings = new()
    {
        // Whatever engine this machine has, the test's is another.
        ["ASPIRE_CONTAINER_RUNTIME"] = "no-such-engine",
    };

    [Fact]
    public async Task Without_an_engine_the_programs_of_the_machine_are_taken()
    {
        PutPrograms("postgres", "initdb", "redis-server");

        var desk = Assert.IsType<Desk.Ready>(await InspectAsync());

        var native = Assert.IsType<StoreHosting.NativeExecutables>(desk.Stores);
        Assert.Equal(_folder, native.PostgresBin);
        Assert.Equal(Path.Combine(_folder, Program("redis-server")), native.RedisServer);
    }

    [Fact]
    public async Task An_engine_that_answers_goes_before_the_programs()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "a shell script stands in for the engine");
        PutPrograms("postgres", "initdb", "redis-server");
        _settings["ASPIRE_CONTAINER_RUNTIME"] = PutScript("engine", "exit 0");

        var desk = Assert.IsType<Desk.Ready>(await InspectAsync());

        Assert.IsType<StoreHosting.Containers>(desk.Stores);
    }

    [Fact]
    public async Task A_client_whose_engine_does_not_answer_is_no_engine()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "a shell script stands in for the engine");
        PutPrograms("postgres", "initdb", "redis-server");
        _settings["ASPIRE_CONTAINER_RUNTIME"] = PutScript("engine", "exit 1");

        var desk = Assert.IsType<Desk.Ready>(await InspectAsync());

        Assert.IsType<StoreHosting.NativeExecutables>(desk.Stores);
    }

    [Theory]
    [InlineData("PostgreSQL", "redis-server")]
    [InlineData("PostgreSQL", "redis-server", "postgres")]
    [InlineData("Redis", "postgres", "initdb")]
    public async Task Without_an_engine_and_the_programs_the_missing_one_is_named(string missing, params string[] there)
    {
        PutPrograms(there);

        Assert.Contains($"{missing} (", await FaultAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Orders:Port", "{0}")]
    [InlineData("Postgres:Port", "{0}")]
    [InlineData("Redis:Port", "{0}")]
    [InlineData("ASPNETCORE_URLS", "http://localhost:{0}")]
    [InlineData("ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL", "http://localhost:{0}")]
    [InlineData("ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL", "http://localhost:{0}")]
    public async Task A_port_that_somebody_has_is_named_with_its_setting(string setting, string value)
    {
        PutPrograms("postgres", "initdb", "redis-server");
        using var somebody = new TcpListener(IPAddress.Loopback, 0);
        somebody.Start();
        var port = ((IPEndPoint)somebody.LocalEndpoint).Port;
        _settings[setting] = string.Format(null, value, port);

        Assert.StartsWith($"Port {port} ({setting}) is in use", await FaultAsync(), StringComparison.Ordinal);
        somebody.Stop();
        Assert.IsType<Desk.Ready>(await InspectAsync());
    }

    [Theory]
    [InlineData("Orders:Port", "seven")]
    [InlineData("Orders:Port", "0")]
    [InlineData("Orders:Port", "65536")]
    [InlineData("ASPNETCORE_URLS", "nonsense")]
    [InlineData("Picking:ReplicasMax", "0")]
    [InlineData("Autoscaling:Compress", "0.5")]
    [InlineData("Stores:Keep", "perhaps")]
    public async Task A_setting_that_cannot_be_is_named(string setting, string value)
    {
        PutPrograms("postgres", "initdb", "redis-server");
        _settings[setting] = value;

        Assert.StartsWith($"{setting}: '{value}'", await FaultAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_rules_file_is_named()
    {
        PutPrograms("postgres", "initdb", "redis-server");
        _settings["Autoscaling:Rules"] = Path.Combine(_folder, "no-rules.json");

        Assert.StartsWith(_settings["Autoscaling:Rules"]!, await FaultAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "orders": { "minReplicas": 1, "maxReplicas": 2, "rules": [ RULE ] } }""", "rules for 'picking'")]
    [InlineData("""{ "picking": { "minReplicas": 1, "maxReplicas": 2, "rules": [ CRON ] } }""", "streamLength")]
    [InlineData("""{ "picking": { "minReplicas": 9, "maxReplicas": 9, "rules": [ RULE ] } }""", "Picking:ReplicasMax")]
    [InlineData("""{ "picking": { "minReplicas": 1, "maxReplicas": 2, "rules": [ SHORT ] } }""", "99")]
    public async Task Rules_that_do_not_fit_are_named(string rules, string words)
    {
        const string Rule = """
            { "name": "n", "type": "redis-streams", "metadata": { "stream": "s", "streamLength": "100" } }
            """;
        const string Cron = """
            { "name": "n", "type": "cron", "metadata":
              { "timezone": "Etc/UTC", "start": "0 6 * * *", "end": "0 7 * * *", "desiredReplicas": "2" } }
            """;
        PutPrograms("postgres", "initdb", "redis-server");
        _settings["Autoscaling:Rules"] = Path.Combine(_folder, "rules.json");
        await File.WriteAllTextAsync(
            _settings["Autoscaling:Rules"]!,
            rules.Replace("RULE", Rule, StringComparison.Ordinal).Replace("CRON", Cron, StringComparison.Ordinal)
                .Replace("SHORT", Rule.Replace("100", "99", StringComparison.Ordinal), StringComparison.Ordinal),
            TestContext.Current.CancellationToken);

        Assert.Contains(words, await FaultAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("false", null)]
    [InlineData("true", "artifacts/data")]
    public async Task Data_is_kept_only_where_it_is_asked_for(string? keep, string? folder)
    {
        PutPrograms("postgres", "initdb", "redis-server");
        _settings["Stores:Keep"] = keep;

        var desk = Assert.IsType<Desk.Ready>(await InspectAsync());

        Assert.Equal(folder is null ? null : Path.Combine(RepositoryRoot.Path, folder), desk.Kept);
    }

    [Fact]
    public async Task The_deployed_rule_is_taken_and_its_maximum_cut_to_what_a_desk_carries()
    {
        PutPrograms("postgres", "initdb", "redis-server");
        _settings["Picking:ReplicasMax"] = "3";

        var desk = Assert.IsType<Desk.Ready>(await InspectAsync());

        Assert.Equal(3, desk.Scaling.MaxReplicas);
        Assert.True(desk.StreamLength >= Desk.PoolOrdersMax);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private Task<Desk> InspectAsync() => Desk.InspectAsync(
        new ConfigurationBuilder().AddInMemoryCollection(_settings).Build(), RepositoryRoot.Path, [_folder],
        TestContext.Current.CancellationToken);

    private async Task<string> FaultAsync()
    {
        var fault = Assert.IsType<Desk.Unfit>(await InspectAsync()).Fault;
        Assert.DoesNotContain('\n', fault);
        return fault;
    }

    private void PutPrograms(params string[] names)
    {
        foreach (var name in names) File.WriteAllText(Path.Combine(_folder, Program(name)), "");
    }

    private string PutScript(string name, string line)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, $"#!/bin/sh\n{line}\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return path;
    }

    private static string Program(string name) => OperatingSystem.IsWindows() ? name + ".exe" : name;
}
