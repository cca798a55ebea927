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
    /// Containers when a manifest is published or an engine answers; else the programs of this machine; else nowhere.
    /// </summary>
    internal static async Task<StoreHosting> ChooseAsync(
        IConfiguration settings, bool publishing, IEnumerable<string> places, CancellationToken cancellation)
    {
        if (publishing) return new Containers("a manifest is published");
        if (await ContainerEngine.FindAsync(settings, cancellation) is { } engine)
            return new Containers($"{engine} answers");

        var folders = places.ToList();
        var postgresBin = folders.Find(folder => Has(folder, "postgres") && Has(folder, "initdb"));
        var redis = folders.Find(folder => Has(folder, "redis-server"));
        return (postgresBin, redis) switch
        {
            (null, null) => Missing("PostgreSQL (postgres, initdb) and Redis (redis-server) are"),
            (null, _) => Missing("PostgreSQL (postgres, initdb) is"),
            (_, null) => Missing("Redis (redis-server) is"),
            _ => new NativeExecutables(postgresBin, Path.Combine(redis, Program("redis-server"))),
        };
    }

    /// <summary>
    /// <c>Postgres:Bin</c> where it is set, then the path, then where Debian and Homebrew keep PostgreSQL, newest
    /// first.
    /// </summary>
    internal static IEnumerable<string> UsualPlaces(IConfiguration settings) =>
    [
        .. settings["Postgres:Bin"] is { } told ? [told] : Array.Empty<string>(),
        .. (settings["PATH"] ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries),
        .. Versions("/usr/lib/postgresql", "*"),
        .. Versions("/opt/homebrew/opt", "postgresql@*"),
        .. Versions("/usr/local/opt", "postgresql@*"),
    ];

    private static IEnumerable<string> Versions(string parent, string pattern) => Directory.Exists(parent)
        ? Directory.GetDirectories(parent, pattern)
            .OrderByDescending(folder => folder.Length).ThenByDescending(folder => folder, StringComparer.Ordinal)
            .Select(folder => Path.Combine(folder, "bin"))
        : [];

    private static Nowhere Missing(string what) => new(
        $"No container engine answers and {what} not installed here: start one (docker, podman), or install them"
        + " (apt-get install postgresql redis-server; brew install postgresql redis).");

    private static bool Has(string folder, string program) => File.Exists(Path.Combine(folder, Program(program)));

    private static string Program(string name) => OperatingSystem.IsWindows() ? name + ".exe" : name;
}
