namespace Fulfillment.Hosting;

/// <summary>Where this machine keeps the servers' programs.</summary>
public static class StorePrograms
{
    /// <summary>
    /// Folders that may hold them, best first: what was <paramref name="told"/>, the path, then where Debian, Homebrew
    /// and Windows keep PostgreSQL, newest first.
    /// </summary>
    /// <param name="told">A folder that goes before all others; null for none.</param>
    /// <param name="path">As in the environment variable PATH.</param>
    public static IReadOnlyList<string> UsualPlaces(string? told, string? path) =>
    [
        .. told is { Length: > 0 } ? [told] : Array.Empty<string>(),
        .. (path ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries),
        .. Versions("/usr/lib/postgresql", "*"),
        .. Versions("/opt/homebrew/opt", "postgresql@*"),
        .. Versions("/usr/local/opt", "postgresql@*"),
        .. Versions(@"C:\Program Files\PostgreSQL", "*"),
        "/usr/bin", "/opt/homebrew/bin",
    ];

    /// <summary>
    /// The first folder with <c>postgres</c> and <c>initdb</c>; null for none. Where those are links it is the folder
    /// that they lead to, for its other programs lie beside them.
    /// </summary>
    public static string? FindPostgres(IEnumerable<string> places) =>
        places.FirstOrDefault(folder => Has(folder, "postgres") && Has(folder, "initdb")) is { } folder
            ? Path.GetDirectoryName(
                File.ResolveLinkTarget(Path.Combine(folder, Named("postgres")), returnFinalTarget: true)?.FullName)
                ?? folder
            : null;

    /// <summary>The first <c>redis-server</c>; null for none.</summary>
    public static string? FindRedis(IEnumerable<string> places) =>
        places.FirstOrDefault(folder => Has(folder, "redis-server")) is { } folder
            ? Path.Combine(folder, Named("redis-server"))
            : null;

    /// <summary>PostgreSQL's folder of programs on this machine.</summary>
    /// <exception cref="HostingException">There is none.</exception>
    public static string Postgres => FindPostgres(Here)
        ?? throw new HostingException("PostgreSQL's programs are not found", "./start.sh installs or names them");

    /// <summary>Redis's program on this machine.</summary>
    /// <exception cref="HostingException">There is none.</exception>
    public static string Redis => FindRedis(Here)
        ?? throw new HostingException("redis-server is not found", "./start.sh installs or names it");

    private static IReadOnlyList<string> Here => UsualPlaces(null, Environment.GetEnvironmentVariable("PATH"));

    private static IEnumerable<string> Versions(string parent, string pattern) => Directory.Exists(parent)
        ? Directory.GetDirectories(parent, pattern)
            .OrderByDescending(folder => folder.Length).ThenByDescending(folder => folder, StringComparer.Ordinal)
            .Select(folder => Path.Combine(folder, "bin"))
        : [];

    private static bool Has(string folder, string program) => File.Exists(Path.Combine(folder, Named(program)));

    internal static string Named(string program) => OperatingSystem.IsWindows() ? $"{program}.exe" : program;
}
