using System.Diagnostics.Metrics;

namespace Fulfillment.ServiceDefaults.Outages;

/// <summary>
/// How the stores of this process are, as its requests, its loops and <see cref="StoreWatch"/> found them. Also as
/// meter <c>Fulfillment.Stores</c>.
/// </summary>
public sealed class StoreHealth
{
    private readonly StoreState[] _stores;
    private readonly Counter<long> _failures;

    public StoreHealth(TimeProvider clock, IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        _stores = [new StoreState(StoreFault.Postgres, clock), new StoreState(StoreFault.Redis, clock)];
        var meter = meters.Create("Fulfillment.Stores");
        _failures = meter.CreateCounter<long>(
            "fulfillment.store.failures", "{failure}", "Statements and commands that failed by the store's fault");
        meter.CreateObservableGauge(
            "fulfillment.store.away",
            () => _stores.Select(state => new Measurement<int>(state.IsAway ? 1 : 0, Tag(state.Store))),
            "{store}", "1 while a store is lost, late, read-only or full");
    }

    /// <summary>True while any store is away.</summary>
    public bool AnyAway => Array.Exists(_stores, state => state.IsAway);

    /// <summary>False while the store leaves even the simplest question unanswered: asking it is a waste.</summary>
    public bool Answers(string store) => Of(store).Answers;

    /// <summary>A request or a loop was failed by a store; other exceptions are passed over.</summary>
    public void Failed(Exception exception)
    {
        if (StoreFault.StoreOf(exception) is { } store) Failed(store, StoreFault.LineOf(exception));
    }

    internal void Failed(string store, string problem)
    {
        Of(store).Failed(problem);
        _failures.Add(1, Tag(store));
    }

    internal StoreState Of(string store) => Array.Find(_stores, state => state.Store == store)!;

    private static KeyValuePair<string, object?> Tag(string store) => new("store", store);
}

/// <summary>
/// One store. An outage begins with the first failure and ends when the store answers and nothing has failed for
/// <see cref="QuietTime"/>: connections that broke in it are found one by one.
/// </summary>
internal sealed class StoreState(string store, TimeProvider clock)
{
    internal static readonly TimeSpan QuietTime = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan TellEvery = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private long _beganAt, _failedAt, _toldAt;
    private long _failures, _failuresInAll;
    private string _problem = "";
    private bool _told;

    internal string Store => store;

    /// <summary>It has answered since the process started.</summary>
    internal bool HasAnswered { get; private set; }

    /// <summary>It answered when it was last asked; true until it is asked.</summary>
    internal bool Answers { get; private set; } = true;

    internal bool IsAway { get; private set; }

    internal void Failed(string problem, bool silent = false)
    {
        lock (_lock)
        {
            var now = clock.GetTimestamp();
            if (!IsAway) (IsAway, _told, _beganAt, _failuresInAll) = (true, false, now, 0);
            (_failedAt, _problem) = (now, problem);
            if (silent) Answers = false;
            _failures++;
            _failuresInAll++;
        }
    }

    internal void Answered()
    {
        lock (_lock) HasAnswered = Answers = true;
    }

    /// <summary>What there is to say: once for each change, and every ten seconds in between.</summary>
    internal StoreNews? TakeNews()
    {
        lock (_lock)
        {
            if (!IsAway) return null;
            var now = clock.GetTimestamp();
            var lasted = clock.GetElapsedTime(_beganAt, now);
            if (Answers && clock.GetElapsedTime(_failedAt, now) >= QuietTime)
            {
                IsAway = false;
                return new StoreNews(StoreChange.Back, _problem, _failuresInAll, lasted);
            }

            if (_told && (_failures == 0 || clock.GetElapsedTime(_toldAt, now) < TellEvery)) return null;
            var news = new StoreNews(_told ? StoreChange.StillAway : StoreChange.Away, _problem, _failures, lasted);
            (_told, _toldAt, _failures) = (true, now, 0);
            return news;
        }
    }
}

internal enum StoreChange
{
    Away,
    StillAway,
    Back,
}

internal readonly record struct StoreNews(StoreChange Change, string Problem, long Failures, TimeSpan Lasted);
