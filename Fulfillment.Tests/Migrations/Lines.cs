using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Fulfillment.Tests.Migrations;

/// <summary>What was logged.</summary>
internal sealed class Lines : ILogger
{
    private readonly ConcurrentQueue<string> _lines = new();

    internal bool Has(string words) => _lines.Any(line => line.Contains(words, StringComparison.Ordinal));

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter) => _lines.Enqueue(formatter(state, exception));
}
