using System.Diagnostics.Metrics;

namespace Fulfillment.Tests.Picking;

/// <summary>What the instruments of one meter factory were told: the sum of it, and of a gauge what it was told last.</summary>
internal sealed class RecordedMetrics : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly List<(Instrument Instrument, double Value, string?[] Tags)> _told = [];

    internal RecordedMetrics(IMeterFactory of)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Scope == of) listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Keep(instrument, value, tags));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Keep(instrument, value, tags));
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Keep(instrument, value, tags));
        _listener.Start();
    }

    /// <summary>Of the instrument with this name; with <paramref name="tag"/>, of what was told with this tag's value.</summary>
    internal double Sum(string name, string? tag = null)
    {
        lock (_told)
        {
            var told = _told.Where(t => t.Instrument.Name == name && (tag is null || t.Tags.Contains(tag))).ToList();
            return told is [.., { Instrument: Gauge<int> or Gauge<double> } last] ? last.Value : told.Sum(t => t.Value);
        }
    }

    public void Dispose() => _listener.Dispose();

    private void Keep(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var values = new string?[tags.Length];
        for (var i = 0; i < tags.Length; i++) values[i] = tags[i].Value?.ToString();
        lock (_told) _told.Add((instrument, value, values));
    }
}
