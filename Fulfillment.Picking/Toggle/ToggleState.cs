using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Fulfillment.Picking.Toggle;

/// <summary>
/// Whose releases the optimized planner plans. <see cref="Enabled"/> false means nobody's. Else a client named in
/// <see cref="Clients"/> is on the side that is said there, and any other one by <see cref="Percentage"/>.
/// </summary>
internal sealed record ToggleState(
    bool Enabled, int Percentage, IReadOnlyDictionary<string, bool> Clients, bool Shadow)
{
    internal static readonly ToggleState Off = new(false, 100, new Dictionary<string, bool>(), false);

    /// <summary>
    /// The same client is always on the same side, and whoever is on at some percentage is on at every higher one.
    /// </summary>
    internal bool IsOnFor(string clientId) =>
        Enabled && (Clients.TryGetValue(clientId, out var on) ? on : PlaceOf(clientId) < Percentage);

    /// <summary>
    /// 0 to 99, the same on every machine and in every version: FNV-1a over the UTF-8 bytes, then the finalizer of
    /// MurmurHash3, since FNV alone spreads names that differ in their last letter poorly.
    /// </summary>
    internal static int PlaceOf(string clientId)
    {
        var hash = Fnv1a.Add(Fnv1a.Start, Encoding.UTF8.GetBytes(clientId));
        hash = unchecked((hash ^ (hash >> 33)) * 0xFF51AFD7ED558CCDUL);
        hash = unchecked((hash ^ (hash >> 33)) * 0xC4CEB9FE1A85EC53UL);
        return (int)((hash ^ (hash >> 33)) % 100);
    }

    internal string ToJson() => JsonSerializer.Serialize(this, ToggleJson.Default.ToggleState);

    internal static ToggleState FromJson(string json) =>
        JsonSerializer.Deserialize(json, ToggleJson.Default.ToggleState) ?? throw new JsonException("null");
}

/// <summary>A state, and which it is in the row of changes: 1, 2, 3, ...</summary>
internal sealed record VersionedToggle(long Version, ToggleState State);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(ToggleState))]
internal sealed partial class ToggleJson : JsonSerializerContext;
