using Npgsql;
using Polly;
using Polly.Retry;
using StackExchange.Redis;

namespace Fulfillment.Surge;

/// <summary>
/// Reads of the stores by the harness itself. A store that restarts is what a run may be about: the reading is repeated
/// until it is back, so that the run ends with its check, and with the exit code of that check.
/// </summary>
internal static class Patience
{
    internal static readonly TimeSpan Between = TimeSpan.FromMilliseconds(500);

    /// <summary>Two minutes; then the store's own words end the run.</summary>
    internal const int AttemptsMax = 240;

    internal static async Task<T> ReadAsync<T>(
        Func<CancellationToken, Task<T>> read, TimeProvider clock, CancellationToken cancellation) =>
        await Pipeline(clock).ExecuteAsync(async token => await read(token), cancellation);

    /// <summary>The store is away or on its way; asking again is right. Anything else is our mistake. Pure.</summary>
    internal static bool IsAway(Exception failed) => failed switch
    {
        // 57Pxx: shut down or not up yet. 53xxx: no room now. 55000: takes no connections. 28P01, 3D000, 25006: as a
        // fail-over shows them for a while.
        PostgresException said => said.IsTransient || said.SqlState[..2] is "08" or "53"
            || said.SqlState[..3] is "57P" || said.SqlState is "55000" or "28P01" or "3D000" or "25006",
        NpgsqlException or RedisConnectionException or RedisTimeoutException or TimeoutException => true,
        RedisServerException said => said.Message.StartsWith("LOADING", StringComparison.Ordinal),
        _ => false,
    };

    private static ResiliencePipeline Pipeline(TimeProvider clock) =>
        new ResiliencePipelineBuilder { TimeProvider = clock }
            .AddRetry(new RetryStrategyOptions
            {
                MaxRetryAttempts = AttemptsMax,
                Delay = Between,
                BackoffType = DelayBackoffType.Constant,
                ShouldHandle = new PredicateBuilder().Handle<Exception>(IsAway),
            })
            .Build();
}
