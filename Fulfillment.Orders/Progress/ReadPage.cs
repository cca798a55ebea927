using System.Text.Json;
using Fulfillment.Contracts;

namespace Fulfillment.Orders.Progress;

/// <summary>
/// Reads a page event by event: one that has another shape is told as such under its own name, and its release is
/// parked, where the page as a whole would be refused for ever.
/// </summary>
internal static class ReadPage
{
    /// <exception cref="JsonException">It is no page, or an event of it does not even say whose it is.</exception>
    internal static FeedPage From(JsonElement page)
    {
        if (page.ValueKind != JsonValueKind.Object || !page.TryGetProperty("events", out var events)
            || events.ValueKind != JsonValueKind.Array)
            throw new JsonException("the answer has no array of events");
        var read = new List<FeedEvent>(events.GetArrayLength());
        foreach (var element in events.EnumerateArray()) read.Add(Event(element));
        var heldBack = page.TryGetProperty("heldBack", out var held)
            ? held.Deserialize(ContractsJson.Default.HeldBack)
            : null;
        return new FeedPage(read) { HeldBack = heldBack };
    }

    private static FeedEvent Event(JsonElement element)
    {
        try
        {
            return element.Deserialize(ContractsJson.Default.FeedEvent) is { ClientId: not null, Kind: not null } whole
                ? whole
                : Nameless(element, "it lacks what every event has");
        }
        catch (Exception odd) when (odd is JsonException or InvalidOperationException)
        {
            return Nameless(element, odd.Message);
        }
    }

    private static FeedEvent Nameless(JsonElement element, string problem)
    {
        try
        {
            return new FeedEvent
            {
                Xid = element.GetProperty("xid").GetUInt64(),
                Id = element.GetProperty("id").GetInt64(),
                ClientId = element.GetProperty("clientId").GetString() ?? throw new JsonException("clientId is null"),
                OrderId = element.GetProperty("orderId").GetGuid(),
                ReleaseNo = element.GetProperty("releaseNo").GetInt32(),
                Version = element.GetProperty("version").GetInt32(),
                Kind = "",
                At = default,
                Fault = $"the event cannot be read: {problem}",
            };
        }
        catch (Exception odd) when (odd is InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw new JsonException($"an event cannot be read, nor whose it is: {problem}", odd);
        }
    }
}
