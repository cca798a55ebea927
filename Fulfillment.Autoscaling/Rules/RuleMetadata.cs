using System.Globalization;
using System.Text.Json;

namespace Fulfillment.Autoscaling.Rules;

/// <summary>A rule's metadata: KEDA takes strings only, whatever they mean.</summary>
internal sealed class RuleMetadata
{
    private readonly Dictionary<string, string> values = [];
    private readonly Action<string, string> fault;

    internal RuleMetadata(Dictionary<string, JsonElement> entries, Action<string, string> fault)
    {
        this.fault = fault;
        foreach (var (key, value) in entries)
        {
            if (value.ValueKind == JsonValueKind.String) values[key] = value.GetString()!;
            else fault(key, $"KEDA metadata are strings: write \"{value.GetRawText()}\".");
        }
    }

    internal bool Has(string key) => values.ContainsKey(key);

    internal bool Take(string key) => values.Remove(key);

    internal void OnlyAmong(params IReadOnlyCollection<string> known)
    {
        foreach (var key in values.Keys.Where(key => !known.Contains(key)))
            fault(key, AppReader.Unknown(key, known));
    }

    internal string? Text(string key)
    {
        if (values.TryGetValue(key, out var text) && !string.IsNullOrWhiteSpace(text)) return text;
        fault(key, "missing.");
        return null;
    }

    internal long Whole(string key, long absent, long least)
    {
        if (!values.TryGetValue(key, out var text)) return absent;
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least)
            return number;
        fault(key, $"'{text}' is no whole number from {least} up.");
        return Math.Max(absent, least);
    }

    internal bool Flag(string key)
    {
        if (!values.TryGetValue(key, out var text)) return false;
        if (text is "true" or "false") return text == "true";
        fault(key, $"'{text}' is neither true nor false.");
        return false;
    }
}
