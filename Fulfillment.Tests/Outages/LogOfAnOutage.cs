using System.Diagnostics.Metrics;
using Fulfillment.ServiceDefaults.Outages;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Xunit;

namespace Fulfillment.Tests.Outages;

/// <summary>What is written while a store is away, and what is only counted.</summary>
public sealed class LogOfAnOutage : IDisposable
{
    private readonly FakeTimeProvider _clock = new();
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly Lines _lines = new();
    private readonly StoreHealth _stores;
    private readonly OutageLogger _log;

    public LogOfAnOutage()
    {
        _stores = new StoreHealth(_clock, _services.GetRequiredService<IMeterFactory>());
        _log = new OutageLogger(_lines, _stores, _clock);
    }

    [Fact]
    public void A_lost_store_is_one_line_without_a_stack_trace_and_begins_an_outage()
    {
        _log.Log(LogLevel.Error, 7, "No page", new NpgsqlException("refused"), (words, _) => words);
        Assert.Equal([("No page: refused", null)], _lines.Written);
        Assert.True(_stores.AnyAway);
    }

    [Fact]
    public void In_an_outage_the_same_line_is_written_once_a_minute_with_the_number_of_those_that_were_not()
    {
        _stores.Failed(new NpgsqlException("refused"));
        for (var i = 0; i < 100; i++) Warn(7);
        Warn(8);
        _clock.Advance(OutageLoggerFactory.SilenceTime);
        Warn(7);
        Assert.Equal(["line 7", "line 8", "line 7 (and 99 more like it)"], _lines.Written.Select(line => line.Words));
    }

    [Fact]
    public void Without_an_outage_everything_is_written_and_a_bug_keeps_its_stack_trace()
    {
        var bug = new InvalidOperationException("a bug");
        for (var i = 0; i < 3; i++) _log.Log(LogLevel.Error, 7, "line", bug, (words, _) => words);
        Assert.Equal(Enumerable.Repeat(("line", (Exception?)bug), 3), _lines.Written);
    }

    [Fact]
    public void An_outage_is_told_of_when_it_begins_every_ten_seconds_and_when_it_is_over()
    {
        var state = _stores.Of(StoreFault.Postgres);
        state.Answered();
        Assert.Null(state.TakeNews());
        state.Failed("refused", silent: true);
        Assert.Equal(StoreChange.Away, state.TakeNews()!.Value.Change);
        for (var i = 0; i < 50; i++) state.Failed("late");
        Assert.Null(state.TakeNews());
        _clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(
            new StoreNews(StoreChange.StillAway, "late", 50, TimeSpan.FromSeconds(10)), state.TakeNews());
        state.Failed("late");
        state.Answered();
        _clock.Advance(StoreState.QuietTime - TimeSpan.FromTicks(1));
        Assert.True(state.IsAway);
        Assert.Null(state.TakeNews());
        _clock.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(StoreChange.Back, state.TakeNews()!.Value.Change);
        Assert.False(state.IsAway);
        Assert.Null(state.TakeNews());
    }

    public void Dispose() => _services.Dispose();

    private void Warn(int id) => _log.Log(LogLevel.Warning, id, $"line {id}", null, (words, _) => words);

    private sealed class Lines : ILogger
    {
        internal List<(string Words, Exception? Exception)> Written { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) => Written.Add((formatter(state, exception), exception));
    }
}
