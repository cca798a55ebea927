using System.Globalization;
using Fulfillment.Hosting;

namespace Fulfillment.Bench.Growth;

/// <summary>
/// What the statements of one database read, as pg_stat_statements counts it: pages, whether they were in the buffers
/// or not, and rows, returned or written.
/// </summary>
internal sealed class StatementCosts(TestBed bed, string database)
{
    internal const string Setting = "shared_preload_libraries=pg_stat_statements";

    /// <summary>Once for a cluster.</summary>
    /// <exception cref="HostingException">The extension is not installed.</exception>
    internal static async Task PrepareAsync(TestBed bed, CancellationToken cancellation)
    {
        var there = await bed.ReadAsync<bool>(
            "postgres", "SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_stat_statements')",
            cancellation);
        if (!there)
        {
            throw new HostingException(
                "PostgreSQL has no pg_stat_statements", "it is in the package postgresql-contrib, or postgresql");
        }

        await bed.ExecuteAsync("postgres", "CREATE EXTENSION pg_stat_statements", cancellation);
    }

    internal Task ResetAsync(CancellationToken cancellation) =>
        bed.ExecuteAsync("postgres", "SELECT pg_stat_statements_reset()", cancellation);

    /// <summary>Since the reset.</summary>
    internal async Task<(double Buffers, double Rows)> ReadAsync(CancellationToken cancellation)
    {
        var read = await bed.ReadAsync<string>("postgres", $"""
            SELECT coalesce(sum(shared_blks_hit + shared_blks_read), 0) || ' ' || coalesce(sum(rows), 0)
            FROM pg_stat_statements JOIN pg_database ON oid = dbid WHERE datname = '{database}'
            """, cancellation);
        var figures = read.Split(' ').Select(figure => double.Parse(figure, CultureInfo.InvariantCulture)).ToArray();
        return (figures[0], figures[1]);
    }

    /// <summary>The dearest statements since the reset, for a reader who asks where the pages went.</summary>
    internal Task<string> DearestAsync(double requests, CancellationToken cancellation) =>
        bed.ReadAsync<string>("postgres", string.Create(CultureInfo.InvariantCulture, $"""
            SELECT coalesce(string_agg(said, E'\n'), '') FROM (
                SELECT format('    %s pages, %s calls: %s',
                    round((sum(shared_blks_hit + shared_blks_read) / {requests})::numeric, 1),
                    round((sum(calls) / {requests})::numeric, 2),
                    left(regexp_replace(query, '\s+', ' ', 'g'), 90)) AS said
                FROM pg_stat_statements JOIN pg_database ON oid = dbid WHERE datname = '{database}'
                GROUP BY query ORDER BY sum(shared_blks_hit + shared_blks_read) DESC LIMIT 12) AS dearest
            """), cancellation);
}
