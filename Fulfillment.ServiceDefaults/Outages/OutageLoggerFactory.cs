using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Fulfillment.ServiceDefaults.Outages;

/// <summary>
/// What a lost store does to the log: everybody who needs it complains, again and again. A failure that is the store's
/// is written without its stack trace, and counts for <see cref="StoreHealth"/>. While a store is away, a warning or an
/// error that was written within <see cref="SilenceTime"/> is counted instead; the number stands at its next line.
/// <see cref="StoreWatch"/> tells of the outage itself.
/// </summary>
internal sealed class OutageLoggerFactory(ILoggerFactory inner, StoreHealth stores, TimeProvider clock) : ILoggerFactory
{
    internal static readonly TimeSpan SilenceTime = TimeSpan.FromMinutes(1);

    private static readonly string Watch = typeof(StoreWatch).FullName!;

    public ILogger CreateLogger(string categoryName) => categoryName == Watch
        ? inner.CreateLogger(categoryName)
        : new OutageLogger(inner.CreateLogger(categoryName), stores, clock);

    public void AddProvider(ILoggerProvider provider) => inner.AddProvider(provider);

    public void Dispose() => inner.Dispose();
}

internal sealed class OutageLogger(ILogger inner, StoreHealth stores, TimeProvider clock) : ILogger
{
    private readonly ConcurrentDictionary<int, Line> _lines = new();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => inner.BeginScope(state);

    public bool IsEnabled(LogLevel logLevel) => inner.IsEnabled(logLevel);

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        var fault = exception is not null && StoreFault.StoreOf(exception) is not null ? exception : null;
        if (fault is not null) stores.Failed(fault);
        if (logLevel < LogLevel.Warning || (fault is null && !stores.AnyAway))
        {
            inner.Log(logLevel, eventId, state, exception, formatter);
            return;
        }

        if (_lines.GetOrAdd(eventId.Id, static _ => new Line()).Take(clock) is not { } unwritten) return;
        inner.Log(logLevel, eventId, state, fault is null ? exception : null, (words, _) =>
        {
            var line = formatter(words, null);
            if (fault is not null) line += $": {StoreFault.LineOf(fault)}";
            return unwritten == 0 ? line : $"{line} (and {unwritten} more like it)";
        });
    }

    private sealed class Line
    {
        private readonly Lock _lock = new();
        private long? _writtenAt;
        private long _unwritten;

        /// <summary>Null when it is too soon, else how many were not written since the last.</summary>
        internal long? Take(TimeProvider clock)
        {
            lock (_lock)
            {
                if (_writtenAt is { } then && clock.GetElapsedTime(then) < OutageLoggerFactory.SilenceTime)
                {
                    _unwritten++;
                    return null;
                }

                var unwritten = _unwritten;
                (_writtenAt, _unwritten) = (clock.GetTimestamp(), 0);
                return unwritten;
            }
        }
    }
}
