using System.Data.Common;
using Fulfillment.Picking.Database;
using Fulfillment.Picking.Intake;
using Npgsql;

namespace Fulfillment.Picking.Toggle;

/// <summary>
/// The toggle as this replica knows it: read every <c>Toggle:PollMilliseconds</c>, so that a change made anywhere is in
/// effect everywhere within two seconds. A poll that fails changes nothing: plans go on as last told.
/// </summary>
internal sealed partial class ToggleWatch(
    NpgsqlDataSource database, PickingSettings settings, PickingTelemetry telemetry, TimeProvider clock,
    ILogger<ToggleWatch> log) : BackgroundService
{
    internal const string Name = "optimized-picking";
    internal const string ByConfiguration = "configuration";

    // Replicas that start together: one of them writes the row, and its change; the others find it.
    private const string SeedSql = """
        WITH seeded AS (
            INSERT INTO toggles (warehouse_id, name, version, state) VALUES ($1, $2, 1, $3)
            ON CONFLICT DO NOTHING RETURNING warehouse_id, name, version, state)
        INSERT INTO toggle_changes (warehouse_id, name, version, changed_at, changed_by, new_state)
        SELECT warehouse_id, name, version, $4, $5, state FROM seeded
        """;

    private const string ReadSql = "SELECT version, state FROM toggles WHERE warehouse_id = $1 AND name = $2";

    private readonly Lock _lock = new();
    private volatile VersionedToggle _current = new(0, ToggleState.Off);
    private bool _lost;

    /// <summary>Version 0, off, until the first poll.</summary>
    internal VersionedToggle Current => _current;

    /// <summary>Before the first pool: reads the row, and writes it as configured when there is none.</summary>
    internal async Task BeginAsync(CancellationToken cancellation)
    {
        if (await PollAsync(cancellation) && Current.Version > 0) return;
        await using var command = database.CreateCommand(SeedSql);
        command.Parameters.Add(Typed.Text(settings.WarehouseId));
        command.Parameters.Add(Typed.Text(Name));
        command.Parameters.Add(Typed.Text((ToggleState.Off with { Enabled = settings.OptimizedPicking }).ToJson()));
        command.Parameters.Add(Typed.Time(clock.GetUtcNow()));
        command.Parameters.Add(Typed.Text(ByConfiguration));
        await command.ExecuteNonQueryAsync(cancellation);
        await PollAsync(cancellation);
    }

    /// <summary>Takes over a state that this replica wrote or read. An older one, read late, is passed over.</summary>
    internal void Take(VersionedToggle read)
    {
        lock (_lock)
        {
            if (read.Version <= _current.Version) return;
            _current = read;
        }

        telemetry.Toggled(read.State.Enabled);
        Toggled(log, read.Version, read.State.ToJson());
    }

    /// <summary>False when the store did not answer; what was known stays.</summary>
    internal async Task<bool> PollAsync(CancellationToken cancellation)
    {
        try
        {
            await using var command = database.CreateCommand(ReadSql);
            command.Parameters.Add(Typed.Text(settings.WarehouseId));
            command.Parameters.Add(Typed.Text(Name));
            await using var row = await command.ExecuteReaderAsync(cancellation);
            if (await row.ReadAsync(cancellation))
                Take(new VersionedToggle(row.GetInt64(0), ToggleState.FromJson(row.GetString(1))));
            if (_lost) PollRecovered(log);
            _lost = false;
            return true;
        }
        catch (Exception lost) when (lost is DbException or TimeoutException)
        {
            // Once for each loss: the poll is often, and the store's loss is told by others too.
            if (!_lost) PollFailed(log, _current.Version, lost.Message.Split('\n')[0]);
            _lost = true;
            return false;
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (await clock.DelayOrStopAsync(settings.TogglePoll, stoppingToken))
        {
            try
            {
                await PollAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // A row that cannot be read must not end the watch: the next change may be readable.
            catch (Exception bug)
#pragma warning restore CA1031
            {
                WatchFailed(log, bug);
            }
        }
    }

    [LoggerMessage(1, LogLevel.Information, "Optimized picking, version {Version}: {State}")]
    private static partial void Toggled(ILogger log, long version, string state);

    [LoggerMessage(2, LogLevel.Warning, "The toggle cannot be read and stays at version {Version}: {Problem}")]
    private static partial void PollFailed(ILogger log, long version, string problem);

    [LoggerMessage(3, LogLevel.Information, "The toggle can be read again")]
    private static partial void PollRecovered(ILogger log);

    [LoggerMessage(4, LogLevel.Error, "The toggle's row cannot be understood, and the last one stays")]
    private static partial void WatchFailed(ILogger log, Exception bug);
}
