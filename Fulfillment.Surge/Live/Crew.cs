using Fulfillment.Surge.Floor;
using Fulfillment.Surge.Labour;
using Npgsql;

namespace Fulfillment.Surge.Live;

/// <summary>The people on the floor: the regular ones from the start, the others when the policy calls them.</summary>
internal sealed class Crew(
    SimulatedFloor floor, FlexLabour labour, NpgsqlDataSource pickingDb, double compression, TimeProvider clock)
{
    private const string WorkSql = """
        SELECT count(*), coalesce(sum(open_tasks), 0), coalesce(sum(distance_mm), 0)::bigint
        FROM tours WHERE state = 'Planned'
        """;

    // A floor lead looks at the board every few minutes.
    private const double LookEverySeconds = 300;

    private int _present;

    internal int Present => Volatile.Read(ref _present);

    internal FlexLabour Labour => labour;

    /// <summary>Works and looks until cancelled.</summary>
    internal async Task RunAsync(long begun, CancellationToken cancellation)
    {
        var shifts = new List<Task>();
        try
        {
            while (true)
            {
                var day = clock.GetElapsedTime(begun).TotalSeconds * compression;
                labour.Look(day, await Patience.ReadAsync(WorkSecondsAsync, clock, cancellation));
                var there = labour.PresentAt(day);
                if (there > _present) shifts.Add(floor.RunAsync(_present + 1, there - _present, cancellation));
                Volatile.Write(ref _present, there);
                await Task.Delay(TimeSpan.FromSeconds(LookEverySeconds / compression), clock, cancellation);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            await Task.WhenAll(shifts);
        }
    }

    private async Task<double> WorkSecondsAsync(CancellationToken cancellation)
    {
        await using var command = pickingDb.CreateCommand(WorkSql);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        await row.ReadAsync(cancellation);
        return PickingTimes.DaySeconds(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2));
    }
}
