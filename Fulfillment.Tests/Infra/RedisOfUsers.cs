using System.Globalization;
using Fulfillment.Hosting;
using StackExchange.Redis;

namespace Fulfillment.Tests.Infra;

/// <summary>A Redis of its own, whose users the test makes.</summary>
internal sealed class RedisOfUsers(RedisServer server, ConnectionMultiplexer administrator) : IAsyncDisposable
{
    internal string Address => server.Endpoint;

    private IServer Server => administrator.GetServers()[0];

    internal static async Task<RedisOfUsers> StartAsync()
    {
        var server = await RedisServer.StartAsync(TestServers.Run, CancellationToken.None, "administrator");
        return new RedisOfUsers(server, await ConnectionMultiplexer.ConnectAsync(
            $"{server.Endpoint},allowAdmin=true,password=administrator,connectRetry=5"));
    }

    internal Task LetInAsync(string user, string token) =>
        Server.ExecuteAsync("ACL", "SETUSER", user, "on", $">{token}", "~*", "&*", "+@all");

    internal Task ForgetAsync(string user, string token) => Server.ExecuteAsync("ACL", "SETUSER", user, $"<{token}");

    internal Task DropAsync(string user) => Server.ExecuteAsync("CLIENT", "KILL", "USER", user);

    internal async Task<int> ConnectionsOfAsync(string user) => ((string)(await Server.ExecuteAsync("CLIENT", "LIST"))!)
        .Split('\n').Count(line => line.Contains($" user={user} ", StringComparison.Ordinal));

    /// <summary>AUTH commands so far, those inside a HELLO not among them.</summary>
    internal async Task<int> SignInsAsync() => Number(await CommandStatisticsAsync("auth"), "calls=");

    /// <summary>How often somebody was refused.</summary>
    internal async Task<int> RefusedAsync() => ((RedisResult[])(await Server.ExecuteAsync("ACL", "LOG"))!).Length;

    public async ValueTask DisposeAsync()
    {
        await administrator.DisposeAsync();
        await server.DisposeAsync();
    }

    private async Task<string> CommandStatisticsAsync(string command) =>
        ((string)(await Server.ExecuteAsync("INFO", "commandstats"))!).Split('\n')
            .FirstOrDefault(line => line.StartsWith($"cmdstat_{command}:", StringComparison.Ordinal)) ?? "";

    private static int Number(string line, string name) =>
        line.IndexOf(name, StringComparison.Ordinal) is >= 0 and var at
        ? int.Parse(line[(at + name.Length)..].Split(',')[0], CultureInfo.InvariantCulture)
        : 0;
}
