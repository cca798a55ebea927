using System.Text.Json;
using System.Text.Json.Serialization;
using Fulfillment.Contracts;

namespace Fulfillment.Picking.Feed;

/// <summary>What an event's kind carries, as it stands in the column <c>body</c>.</summary>
internal sealed record EventBody
{
    public IReadOnlyList<Guid>? Tours { get; init; }
    public IReadOnlyList<PickedLine>? Lines { get; init; }
    public int? SignalNo { get; init; }
    public string? Reason { get; init; }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(EventBody))]
internal sealed partial class EventBodyJson : JsonSerializerContext;
