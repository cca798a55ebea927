using Fulfillment.Hosting;
using Microsoft.Extensions.Configuration;

namespace Fulfillment.AppHost.Preflight;

/// <summary>How Postgres and Redis run. Aspire by itself would wait for a container engine for ever.</summary>
internal abstract record StoreHosting
{
    private StoreHosting() { }

    internal sealed record Containers(string Because) : StoreHosting
    {
        public override string ToString() => $"Postgres and Redis run as containers: {Because}.";
    }

    /// <param name="PostgresBin">The folder with <c>postgres</c> and <c>initdb</c>.</param>
    /// <param name="RedisServer">The program.</param>
    internal sealed record NativeExecutables(string PostgresBin, string RedisServer) : StoreHosting
    {
        public override string ToString() =>
            $"Postgres ({PostgresBin}) and Redis ({RedisServer}) run as processes: no container engine answers.";
    }

    internal sealed record Nowhere(string Fault) : StoreHosting;

    /// <summary>
    /// Containers when an engine answers; else the programs of this machine; else nowhere.
    /// </summary>
    internal static async Task<StoreHosting> ChooseAsync(
        IConfiguration settings, IEnumerable<string> places, CancellationToken cancellation)
    {
        if (await ContainerEngine.FindAsync(settings, cancellation) is { } engine)
            return new Containers($"{engine} answers");

        var folders = places.ToList();
        var (postgresBin, redis) = (StorePrograms.FindPostgres(folders), StorePrograms.FindRedis(folders));
        return (postgresBin, redis) switch
        {
            (null, null) => Missing("PostgreSQL (postgres, initdb) and Redis (redis-server) are"),
            (null, _) => Missing("PostgreSQL (postgres, initdb) is"),
            (_, null) => Missing("Redis (redis-server) is"),
            _ => new NativeExecutables(postgresBin, redis),
        };
    }

    private static Nowhere Missing(string what) => new(
        $"No container engine answers and {what} not installed here: start one (docker, podman), or install them"
        + " (apt-get install postgresql redis-server; brew install postgresql redis).");
}
