using Azure.Core;
using Npgsql;

namespace Fulfillment.ServiceDefaults.Azure;

/// <summary>Signs in to Azure Database for PostgreSQL with a token in the place of the password.</summary>
public static class EntraPostgres
{
    /// <summary>What a token for PostgreSQL must be asked for.</summary>
    public const string Scope = "https://ossrdbms-aad.database.windows.net/.default";

    // The credential never hands out a token with less than five minutes left, so one that is four minutes old still
    // opens a connection. A connection that is open outlives its token.
    private static readonly TimeSpan RefreshInterval = TimeSpan.FromMinutes(4);
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Uses <paramref name="credential"/> for every connection, unless it is null or the connection string names a
    /// password of its own.
    /// </summary>
    public static NpgsqlDataSourceBuilder UseEntra(this NpgsqlDataSourceBuilder builder, TokenCredential? credential)
    {
        ArgumentNullException.ThrowIfNull(builder);
        if (credential is null || !string.IsNullOrEmpty(builder.ConnectionStringBuilder.Password)) return builder;
        builder.UsePeriodicPasswordProvider(
            async (_, cancellation) =>
                (await credential.GetTokenAsync(new TokenRequestContext([Scope]), cancellation)).Token,
            RefreshInterval, RetryInterval);
        return builder;
    }
}
