using Npgsql;
using StackExchange.Redis;

namespace Fulfillment.ServiceDefaults.Outages;

/// <summary>
/// Whether a failure is the store's own: lost, late, read-only, full, locked up, or not set up as it should be. It is
/// then neither the caller's fault nor a bug of ours, and the same request is right when it comes again.
/// </summary>
public static class StoreFault
{
    public const string Postgres = "PostgreSQL";
    public const string Redis = "Redis";

    /// <summary>Cached plan must not change result type: the schema changed under a prepared statement.</summary>
    private const string StalePlan = PostgresErrorCodes.FeatureNotSupported;

    // By class, the first two characters (PostgreSQL 15, appendix A): 08 connections, 25 state of the transaction
    // (25006 read-only), 26 prepared statements, 28 sign-in, 3D and 3F the database or schema is not there, 42 the
    // schema or the rights are not what this version needs, 53 out of resources, 55 not in the needed state (55P03
    // locked), 57 an operator stepped in (57014 timed out), 58 the system below, F0 and XX broken. Left out are what a
    // value in a statement can cause (21, 22, 23, 54, P0) and what passes by itself at once (40).
    private const string Classes = "08 25 26 28 3D 3F 42 53 55 57 58 F0 XX";

    /// <summary>The store whose fault it is; null when no store is to blame.</summary>
    public static string? StoreOf(Exception exception) => exception switch
    {
        PostgresException answer => IsStores(answer) ? Postgres : null,
        NpgsqlOperationInProgressException => null, // a bug of ours
        NpgsqlException => Postgres, // no answer: refused, cut off, late, no connection free
        RedisException or RedisTimeoutException => Redis,
        // What waits for a store with a limit of its own waits for Postgres.
        TimeoutException => Postgres,
        _ => null,
    };

    /// <summary>Two transactions crossed, and this one gave way: it is right when it comes again.</summary>
    public static bool IsCrossed(Exception exception) => exception is PostgresException
    {
        SqlState: PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure,
    };

    /// <summary>The first line of its message.</summary>
    public static string LineOf(Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        var line = exception.Message.Split('\n', 2)[0].TrimEnd('\r');
        return exception.InnerException is { } inner && exception is not PostgresException
            ? $"{line}: {inner.Message.Split('\n', 2)[0]}"
            : line;
    }

    private static bool IsStores(PostgresException answer) =>
        Classes.Contains(answer.SqlState[..2], StringComparison.Ordinal)
        || (answer.SqlState == StalePlan && answer.Routine == "RevalidateCachedQuery");
}
