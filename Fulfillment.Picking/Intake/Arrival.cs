using System.Buffers.Binary;
using System.Text.Json;
using Fulfillment.Contracts;
using StackExchange.Redis;

namespace Fulfillment.Picking.Intake;

/// <summary>The identity that makes at-least-once delivery an effect exactly once.</summary>
internal readonly record struct ReleaseId(Guid OrderId, int ReleaseNo);

/// <summary>
/// One entry of the stream, read. <paramref name="Entry"/> is kept, for the dead letters want it as it came.
/// </summary>
internal abstract record Arrival(StreamEntry Entry)
{
    internal sealed record Release(StreamEntry Entry, ReleaseMessage Message, string? TraceParent) : Arrival(Entry)
    {
        internal ReleaseId Key => new(Message.OrderId, Message.ReleaseNo);
    }

    internal sealed record Signal(StreamEntry Entry, string Kind, SignalMessage Message) : Arrival(Entry)
    {
        internal ReleaseId Key => new(Message.OrderId, Message.ReleaseNo);
    }

    /// <summary>Cannot be served. <paramref name="Message"/> is set when at least its identity could be read.</summary>
    internal sealed record Broken(StreamEntry Entry, string Reason, ReleaseMessage? Message) : Arrival(Entry);

    internal const int LinesMax = 1_000;
    internal const int QuantityMax = 100_000;
    private const int TraceParentLengthMax = 128;

    /// <summary>
    /// Reads an entry; never throws for what is in it. Of a release that was dispatched before
    /// <paramref name="knownSince"/> it cannot be told any more whether it was planned. Pure.
    /// </summary>
    internal static Arrival Read(StreamEntry entry, string warehouseId, DateTimeOffset? knownSince = null)
    {
        if (entry.Values is null) return new Broken(entry, "no_fields: the entry has no fields", null);
        try
        {
            var body = (byte[]?)entry[StreamFields.Body];
            if (body is null) return new Broken(entry, "no_body: the entry has no field body", null);
            var kind = (string?)entry[StreamFields.Kind];
            return kind switch
            {
                MessageKinds.Release => ReadRelease(entry, body, warehouseId, knownSince),
                MessageKinds.Cancel or MessageKinds.Hold => ReadSignal(entry, kind, body, warehouseId),
                _ => new Broken(entry, "unknown_kind: the entry's kind is none of release, cancel, hold", null),
            };
        }
        // A string with half a surrogate pair is no JSON either, but the reader says so with another exception.
        catch (Exception malformed) when (malformed is JsonException or InvalidOperationException)
        {
            return new Broken(entry, "malformed_json: " + Shorten(malformed.Message), null);
        }
    }

    /// <summary>
    /// The fields as bytes, in order: for each the length of its name (4 bytes, big endian), its name, the length of
    /// its value, its value. Any bytes survive.
    /// </summary>
    internal static byte[] Raw(StreamEntry entry)
    {
        using var bytes = new MemoryStream();
        Span<byte> length = stackalloc byte[4];
        foreach (var field in entry.Values ?? [])
        {
            foreach (var part in (ReadOnlySpan<RedisValue>)[field.Name, field.Value])
            {
                var content = (byte[]?)part ?? [];
                BinaryPrimitives.WriteInt32BigEndian(length, content.Length);
                bytes.Write(length);
                bytes.Write(content);
            }
        }

        return bytes.ToArray();
    }

    private static Arrival ReadRelease(
        StreamEntry entry, byte[] body, string warehouseId, DateTimeOffset? knownSince)
    {
        var message = JsonSerializer.Deserialize(body, ContractsJson.Default.ReleaseMessage);
        if (message is null) return new Broken(entry, "malformed_json: the body is null", null);
        if (FaultInIdentity(message.WarehouseId, warehouseId, message.ClientId, message.OrderId,
            message.ReleaseNo) is { } stranger)
            return new Broken(entry, stranger, null);
        // Without its identity: it is not told as failed, for it may have been picked.
        if (message.DispatchedAt < knownSince)
            return new Broken(entry, $"too_old: dispatched at {message.DispatchedAt:u}, before {knownSince:u}", null);
        if (FaultInLines(message.Lines) is { } fault) return new Broken(entry, fault, message);
        var trace = (string?)entry[StreamFields.TraceParent];
        return new Release(entry, message, trace?.Length <= TraceParentLengthMax && Names.IsText(trace) ? trace : null);
    }

    private static Arrival ReadSignal(StreamEntry entry, string kind, byte[] body, string warehouseId)
    {
        var message = JsonSerializer.Deserialize(body, ContractsJson.Default.SignalMessage);
        if (message is null) return new Broken(entry, "malformed_json: the body is null", null);
        if (FaultInIdentity(message.WarehouseId, warehouseId, message.ClientId, message.OrderId,
            message.ReleaseNo) is { } fault)
            return new Broken(entry, fault, null);
        return message.SignalNo < 1
            ? new Broken(entry, "bad_signal_no: signals are numbered from 1", null)
            : new Signal(entry, kind, message);
    }

    private static string? FaultInIdentity(string? warehouse, string ours, string? client, Guid order, int releaseNo) =>
        warehouse != ours ? "wrong_warehouse: the message is for another warehouse"
        : !Names.IsName(client) ? "bad_client: the client id is empty, too long or no text"
        : order == Guid.Empty ? "bad_order: the order id is empty"
        : releaseNo < 1 ? "bad_release_no: releases are numbered from 1"
        : null;

    private static string? FaultInLines(IReadOnlyList<ReleaseLine>? lines)
    {
        if (lines is null || lines.Count is < 1 or > LinesMax) return $"bad_lines: a release has 1 to {LinesMax} lines";
        var numbers = new HashSet<int>();
        foreach (var line in lines)
        {
            if (line is null || line.LineNo < 1) return "bad_line_no: lines are numbered from 1";
            if (!numbers.Add(line.LineNo)) return $"bad_line_no: line {line.LineNo} is there twice";
            if (!Names.IsName(line.Sku)) return $"bad_sku: the SKU of line {line.LineNo} is empty, too long or no text";
            if (line.Quantity is < 1 or > QuantityMax)
                return $"bad_quantity: line {line.LineNo} wants {line.Quantity} units";
        }

        return null;
    }

    private static string Shorten(string message) => message.Length <= 200 ? message : message[..200];
}
