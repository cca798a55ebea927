using Microsoft.Extensions.Configuration;
using Npgsql;
using StackExchange.Redis;

namespace Fulfillment.ServiceDefaults.DataStores;

/// <summary>A setting that is missing or cannot be read. Its message is one line and names the setting.</summary>
public sealed class WrongSettingException(string setting, string problem)
    : Exception($"Setting '{setting}' {problem}")
{
    /// <summary>The configuration key, as it would be written in appsettings.json.</summary>
    public string Setting { get; } = setting;
}

/// <summary>Reads connection strings and completes them; a wrong one names its setting.</summary>
public static class ConnectionSettings
{
    // Nobody is held for longer than ten seconds: a request waits for a connection, or for an answer and then, once
    // more, for the connection that asks the server to cancel (Npgsql opens one, under the same limit).
    private const int ConnectSeconds = 3;
    private const int CommandSeconds = 5;
    private const int CancellationMilliseconds = 1_000;

    // A peer that is gone without a word is noticed within half a minute (the system asks nine times).
    private const int KeepAliveSeconds = 10;
    private const int KeepAliveIntervalSeconds = 2;

    /// <summary>
    /// The Postgres connection string with a bounded pool, prepared statements and limits of time; what it says itself
    /// stays. <c>Postgres:Pooled</c> is true when it leads to a pooler in transaction mode (PgBouncer): a session is
    /// then another one for each transaction, so nothing is prepared in it, and <see cref="Direct"/> must be there.
    /// </summary>
    /// <exception cref="WrongSettingException">It is missing or malformed.</exception>
    public static string Postgres(IConfiguration configuration, string name, int poolMax)
    {
        var pooled = IsPooled(configuration);
        if (pooled && string.IsNullOrWhiteSpace(configuration.GetConnectionString(DirectOf(name))))
            throw new WrongSettingException(
                $"ConnectionStrings:{DirectOf(name)}",
                "is missing: Postgres:Pooled is true, and locks and migrations need a way past the pooler");
        return Complete(configuration, name, poolMax, pooled);
    }

    /// <summary>
    /// As <see cref="Postgres"/>, past a pooler: <c>ConnectionStrings:{name}-direct</c> where there is one.
    /// </summary>
    /// <exception cref="WrongSettingException">It is missing or malformed.</exception>
    public static string Direct(IConfiguration configuration, string name, int poolMax) =>
        string.IsNullOrWhiteSpace(configuration.GetConnectionString(DirectOf(name)))
            ? Postgres(configuration, name, poolMax)
            : Complete(configuration, DirectOf(name), poolMax, pooled: false);

    internal static bool IsPooled(IConfiguration configuration) =>
        Settings.YesOrNo(configuration, "Postgres:Pooled", false);

    private static string DirectOf(string name) => $"{name}-direct";

    private static string Complete(IConfiguration configuration, string name, int poolMax, bool pooled)
    {
        var setting = $"ConnectionStrings:{name}";
        var text = configuration.GetConnectionString(name);
        if (string.IsNullOrWhiteSpace(text))
            throw new WrongSettingException(
                setting, "is missing: give a PostgreSQL connection string (Host=...;Database=...)");
        try
        {
            var parts = new NpgsqlConnectionStringBuilder(text) { MaxPoolSize = poolMax };
            if (string.IsNullOrEmpty(parts.Host)) throw new WrongSettingException(setting, "names no Host");
            if (string.IsNullOrEmpty(parts.Database)) throw new WrongSettingException(setting, "names no Database");
            // Nobody leaves anything behind in a session, so the pool need not tidy it up (seven statements each time).
            parts.NoResetOnClose = true;
            // Every statement of ours is a constant, so each is prepared once per connection.
            if (pooled) parts.MaxAutoPrepare = 0;
            else if (parts.MaxAutoPrepare == 0) (parts.MaxAutoPrepare, parts.AutoPrepareMinUsages) = (64, 2);
            LimitTimes(parts);
            // Each connection would first load Kerberos and ask the resolver for the server's name: a password or a
            // token needs neither. Who signs in by Kerberos says Require.
            if (parts.GssEncryptionMode == GssEncryptionMode.Prefer)
                parts.GssEncryptionMode = GssEncryptionMode.Disable;
            return parts.ConnectionString;
        }
        catch (ArgumentException wrong)
        {
            throw new WrongSettingException(setting, $"is no PostgreSQL connection string: {wrong.Message}");
        }
    }

    private static void LimitTimes(NpgsqlConnectionStringBuilder parts)
    {
        if (!parts.ShouldSerialize("Timeout")) parts.Timeout = ConnectSeconds;
        if (!parts.ShouldSerialize("Command Timeout")) parts.CommandTimeout = CommandSeconds;
        if (!parts.ShouldSerialize("Cancellation Timeout")) parts.CancellationTimeout = CancellationMilliseconds;
        if (parts.ShouldSerialize("Tcp Keepalive") || parts.ShouldSerialize("Tcp Keepalive Time")) return;
        (parts.TcpKeepAlive, parts.TcpKeepAliveTime, parts.TcpKeepAliveInterval) =
            (true, KeepAliveSeconds, KeepAliveIntervalSeconds);
    }

    /// <summary>The Redis options; a server that is not there yet is waited for in the background.</summary>
    /// <exception cref="WrongSettingException">It is missing or malformed.</exception>
    public static ConfigurationOptions Redis(IConfiguration configuration, string name)
    {
        var setting = $"ConnectionStrings:{name}";
        var text = configuration.GetConnectionString(name);
        if (string.IsNullOrWhiteSpace(text))
            throw new WrongSettingException(setting, "is missing: give a Redis endpoint (host:port)");
        try
        {
            var options = ConfigurationOptions.Parse(text);
            if (options.EndPoints.Count == 0) throw new WrongSettingException(setting, "names no endpoint");
            ApplyRedisDefaults(options);
            return options;
        }
        catch (ArgumentException wrong)
        {
            throw new WrongSettingException(setting, $"is no Redis connection string: {wrong.Message}");
        }
    }

    internal static void ApplyRedisDefaults(ConfigurationOptions options)
    {
        options.AbortOnConnectFail = false;
        // A command that waits for a lost server must fail, not pile up: the loops above it try again.
        options.BacklogPolicy = BacklogPolicy.FailFast;
    }
}
