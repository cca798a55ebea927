using Npgsql;

namespace Fulfillment.ServiceDefaults.Leadership;

/// <summary>
/// What the active one of a leadership works with: connections from the leaders' pool, for as long as a step takes, and
/// the fence. Whatever it writes begins with the fence: a leader who was deposed while it slept finds another number
/// there, and its transaction fails with <see cref="DeposedState"/> before it has done anything.
/// </summary>
/// <param name="Name">What is led.</param>
/// <param name="Fence">Rises with each leader of this name.</param>
/// <param name="Database">The leaders' pool, shared by all leaders of the process: nobody keeps a connection.</param>
/// <param name="Clock">By whose monotonic time the turns are watched.</param>
public sealed record Leader(string Name, long Fence, NpgsqlDataSource Database, TimeProvider Clock)
{
    /// <summary>SQLSTATE of a transaction whose leader is not the leader any more.</summary>
    public const string DeposedState = "FU001";

    private const string HoldFenceSql = "SELECT hold_fence($1, $2)";

    private const long Resting = long.MinValue;

    private long _turnBegan = Clock.GetTimestamp();

    /// <summary>First in a batch or in a transaction that writes; its result is one row to skip.</summary>
    public NpgsqlBatchCommand HoldFence() => new(HoldFenceSql)
    {
        Parameters =
        {
            new NpgsqlParameter<string> { TypedValue = Name }, new NpgsqlParameter<long> { TypedValue = Fence },
        },
    };

    /// <summary>A batch that is one transaction, and begins with the fence.</summary>
    public NpgsqlBatch CreateBatch()
    {
        var batch = Database.CreateBatch();
        batch.BatchCommands.Add(HoldFence());
        return batch;
    }

    /// <summary>A statement that only reads.</summary>
    public NpgsqlCommand CreateCommand(string sql) => Database.CreateCommand(sql);

    /// <summary>A transaction that holds the fence.</summary>
    /// <exception cref="PostgresException"><see cref="DeposedState"/>.</exception>
    public async Task<LeaderTransaction> BeginAsync(CancellationToken cancellation)
    {
        var connection = await Database.OpenConnectionAsync(cancellation);
        try
        {
            var transaction = await connection.BeginTransactionAsync(cancellation);
            await using var fence = new NpgsqlBatch(connection, transaction) { BatchCommands = { HoldFence() } };
            await fence.ExecuteNonQueryAsync(cancellation);
            return new LeaderTransaction(connection, transaction);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// A turn of the loop is done. Who finishes none for <see cref="LeadershipOptions.TurnMax"/> is taken for hung and
    /// lets go.
    /// </summary>
    public void TurnFinished() => Interlocked.Exchange(ref _turnBegan, Clock.GetTimestamp());

    /// <summary>Waits between two turns, however long: a leader who rests is not hung.</summary>
    public async Task RestAsync(Task until)
    {
        ArgumentNullException.ThrowIfNull(until);
        Interlocked.Exchange(ref _turnBegan, Resting);
        try
        {
            await until;
        }
        finally
        {
            TurnFinished();
        }
    }

    /// <summary>Waits for so long between two turns.</summary>
    public Task RestAsync(TimeSpan pause, CancellationToken cancellation) =>
        RestAsync(Task.Delay(pause, Clock, cancellation));

    /// <summary>How long the turn under way takes already.</summary>
    internal TimeSpan Turn => Interlocked.Read(ref _turnBegan) is var began && began == Resting
        ? TimeSpan.Zero
        : Clock.GetElapsedTime(began);
}

/// <summary>A transaction that holds its leader's fence, on a connection that goes back to the pool with it.</summary>
public sealed class LeaderTransaction : IAsyncDisposable
{
    internal LeaderTransaction(NpgsqlConnection connection, NpgsqlTransaction transaction) =>
        (Connection, Transaction) = (connection, transaction);

    /// <summary>The connection, for statements of the transaction.</summary>
    public NpgsqlConnection Connection { get; }

    /// <summary>The transaction itself.</summary>
    public NpgsqlTransaction Transaction { get; }

    /// <summary>Commits.</summary>
    public Task CommitAsync(CancellationToken cancellation) => Transaction.CommitAsync(cancellation);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Transaction.DisposeAsync();
        await Connection.DisposeAsync();
    }
}
