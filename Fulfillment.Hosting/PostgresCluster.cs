namespace Fulfillment.Hosting;

/// <summary>
/// A PostgreSQL cluster in a folder, for whoever runs its server. PostgreSQL refuses to be root, so for root everything
/// runs as the user that its package made.
/// </summary>
/// <param name="bin">The folder of PostgreSQL's programs.</param>
/// <param name="folder">The cluster's own; its parent must be there and open to the server's user.</param>
public sealed class PostgresCluster(string bin, string folder)
{
    public const int ConnectionsMax = 200;
    private const string UserUnderRoot = "postgres";

    /// <summary>Who the server runs as; null for whoever we are.</summary>
    public static string? ServerUser { get; } =
        Environment.IsPrivilegedProcess && OperatingSystem.IsLinux() ? UserUnderRoot : null;

    /// <summary>Whether the cluster was made, now or by an earlier run.</summary>
    public bool Exists => File.Exists(Path.Combine(folder, "PG_VERSION"));

    /// <summary>Makes the cluster and its databases, once; the next start of the server finds them.</summary>
    /// <exception cref="HostingException">A program of PostgreSQL failed, with its words.</exception>
    public async Task CreateAsync(
        string user, string password, IEnumerable<string> databases, CancellationToken cancellation)
    {
        if (Exists) return;

        Directory.CreateDirectory(folder);
        var secret = $"{folder}.secret";
        await File.WriteAllTextAsync(secret, password, cancellation);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(secret, UnixFileMode.UserRead);
        if (ServerUser is not null)
            await Nursery.RunAsync(Nursery.Bound("chown", ["-R", ServerUser, folder, secret]), "", cancellation);
        try
        {
            // Locale C: text sorts by byte, on every machine alike.
            await RunAsync(
                "initdb",
                [
                    "-D", folder, "-U", user, "--auth=scram-sha-256", $"--pwfile={secret}", "--locale=C", "-E", "UTF8",
                    "--no-sync",
                ],
                "", cancellation);
        }
        finally
        {
            File.Delete(secret);
        }

        // Before the server is up nobody can race for them: a service that finds the server finds its database.
        await SingleUserAsync(databases.Select(name => $"CREATE DATABASE {name}"), cancellation);
    }

    /// <summary>
    /// Gives a cluster of an earlier run this run's password; its server must not run.
    /// </summary>
    /// <exception cref="HostingException">A program of PostgreSQL failed, with its words.</exception>
    public Task SetPasswordAsync(string user, string password, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(password);
        var quoted = password.Replace("'", "''", StringComparison.Ordinal);
        return SingleUserAsync([$"ALTER USER \"{user}\" PASSWORD '{quoted}'"], cancellation);
    }

    /// <summary>The server on loopback, for a starter that does not bind it to our life.</summary>
    public (string Program, IReadOnlyList<string> Arguments) ServerCommand(params IEnumerable<string> settings) =>
        Nursery.AsUser(Path.Combine(bin, "postgres"), Arguments(settings), ServerUser);

    /// <summary>The server's arguments, its port among the settings (<c>port=5433</c>).</summary>
    /// <remarks>
    /// As durable as a real one (fsync and synchronous_commit stay on, so that commits cost what they cost), only
    /// smaller: no checkpoint in the middle of a minute's surge, everything else as shipped.
    /// </remarks>
    internal IEnumerable<string> Arguments(IEnumerable<string> settings) =>
    [
        "-D", folder, .. new[]
        {
            "listen_addresses=127.0.0.1", "unix_socket_directories=", $"max_connections={ConnectionsMax}",
            "shared_buffers=256MB", "max_wal_size=4GB", "checkpoint_timeout=15min", "log_lock_waits=on",
            "log_min_messages=warning",
            // A transaction that somebody forgot holds back the event feed of every database of the cluster.
            "idle_in_transaction_session_timeout=60s",
        }.Concat(settings).SelectMany(setting => new[] { "-c", setting }),
    ];

    private Task<string> SingleUserAsync(IEnumerable<string> statements, CancellationToken cancellation) => RunAsync(
        "postgres", ["--single", "-F", "-D", folder, "postgres"],
        string.Concat(statements.Select(statement => $"{statement}\n")), cancellation);

    private Task<string> RunAsync(string program, string[] arguments, string input, CancellationToken cancellation) =>
        Nursery.RunAsync(Nursery.Bound(Path.Combine(bin, program), arguments, ServerUser), input, cancellation);
}
