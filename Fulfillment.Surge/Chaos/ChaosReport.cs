using System.Text.Json;
using System.Text.Json.Serialization;

namespace Fulfillment.Surge.Chaos;

/// <summary>One fault as it went.</summary>
internal sealed record FaultRow
{
    public required int No { get; init; }
    public required string Kind { get; init; }
    public required string On { get; init; }

    /// <summary>From its begin to its end.</summary>
    public required double FaultSeconds { get; init; }

    /// <summary>From its end until every replica took an order, was healthy, and all orders came to tours; null: not
    /// within the limit of patience.</summary>
    public required double? RecoverySeconds { get; init; }

    public required double BoundSeconds { get; init; }

    /// <summary>From its begin until an order sent after that came to a tour: how long nobody dispatched.</summary>
    public required double? OutageSeconds { get; init; }

    /// <summary>Answers to the probes, from its begin to the recovery: how many of each status; "none" for no answer.
    /// </summary>
    public required IReadOnlyDictionary<string, int> Statuses { get; init; }

    /// <summary>5xx without Retry-After or without a body, and silence of a replica that was not hit.</summary>
    public required int BadAnswers { get; init; }

    /// <summary>The worst answer's time in seconds, of the replicas that were not hit.</summary>
    public required double AnswerSecondsMax { get; init; }

    /// <summary>Health readings that were no 200, of the replicas that were not hit.</summary>
    public required int UnreadyReadings { get; init; }
}

/// <summary>What a kind of fault did, over all its times.</summary>
internal sealed record KindFigures(
    string Kind, int Count, double? RecoverySecondsMedian, double? RecoverySecondsMax, double BoundSeconds,
    string? RuledBy, double? OutageSecondsMax, IReadOnlyDictionary<string, int> Statuses, int BadAnswers,
    double AnswerSecondsMax, int UnreadyReadings, int NotRecovered);

internal sealed record InvariantCounts(int Checked, int Broken, IReadOnlyList<string> Offenders);

/// <summary>What <c>chaos --report</c> writes.</summary>
internal sealed record ChaosReport
{
    public required long Seed { get; init; }
    public required int Faults { get; init; }
    public required IReadOnlyList<KindFigures> ByKind { get; init; }
    public required IReadOnlyDictionary<string, string> Skipped { get; init; }

    /// <summary>Acknowledged orders that are not there, or stuck.</summary>
    public required int Lost { get; init; }

    /// <summary>Effects that happened twice, or answers that contradict.</summary>
    public required int Doubled { get; init; }

    public required int UnexplainedExits { get; init; }
    public required long LogBytesMax { get; init; }
    public required long MemoryBytesMax { get; init; }
    public required InvariantCounts Invariants { get; init; }
    public required long Orders { get; init; }
    public required IReadOnlyDictionary<string, long> Traffic { get; init; }
    public required IReadOnlyList<string> Complaints { get; init; }
    public required IReadOnlyDictionary<string, string> Settings { get; init; }
    public required IReadOnlyList<FaultRow> Rows { get; init; }

    internal string ToJson() => JsonSerializer.Serialize(this, ChaosJson.Default.ChaosReport);

    internal static ChaosReport Parse(string json) => JsonSerializer.Deserialize(json, ChaosJson.Default.ChaosReport)
        ?? throw new JsonException("an empty report");

    /// <summary>The figures of each kind, from the rows; in the order of their names. Pure.</summary>
    internal static IReadOnlyList<KindFigures> Sum(IReadOnlyList<FaultRow> rows, Func<string, string?> ruledBy) =>
    [
        .. rows.GroupBy(row => row.Kind, StringComparer.Ordinal).OrderBy(kind => kind.Key, StringComparer.Ordinal)
            .Select(kind =>
            {
                var recovered = kind.Where(row => row.RecoverySeconds is not null)
                    .Select(row => row.RecoverySeconds!.Value).Order().ToList();
                var statuses = new SortedDictionary<string, int>(StringComparer.Ordinal);
                foreach (var (word, count) in kind.SelectMany(row => row.Statuses))
                    statuses[word] = statuses.GetValueOrDefault(word) + count;
                return new KindFigures(
                    kind.Key, kind.Count(), recovered.Count == 0 ? null : recovered[recovered.Count / 2],
                    recovered.Count == 0 ? null : recovered[^1], kind.Max(row => row.BoundSeconds), ruledBy(kind.Key),
                    kind.Max(row => row.OutageSeconds), statuses, kind.Sum(row => row.BadAnswers),
                    kind.Max(row => row.AnswerSecondsMax), kind.Sum(row => row.UnreadyReadings),
                    kind.Count(row => row.RecoverySeconds is not { } seconds || seconds > row.BoundSeconds));
            }),
    ];
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(ChaosReport))]
internal sealed partial class ChaosJson : JsonSerializerContext;
