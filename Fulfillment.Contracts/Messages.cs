using System.Text.Json;
using System.Text.Json.Serialization;

namespace Fulfillment.Contracts;

/// <summary>
/// A release on its way to picking. Its identity is (<see cref="OrderId"/>, <see cref="ReleaseNo"/>): the same one may
/// arrive any number of times and has its effect once.
/// </summary>
public sealed record ReleaseMessage
{
    public required string WarehouseId { get; init; }
    public required string ClientId { get; init; }
    public required Guid OrderId { get; init; }
    public required int ReleaseNo { get; init; }

    /// <summary>When Orders accepted the order: the age of the backlog is measured from it.</summary>
    public required DateTimeOffset AcceptedAt { get; init; }

    /// <summary>
    /// When it was dispatched first; publishing it again does not change that. Picking refuses what is older than its
    /// memory. Null from a version that did not say.
    /// </summary>
    public DateTimeOffset? DispatchedAt { get; init; }

    /// <summary>Deadline: the release is on time when it is picked before it.</summary>
    public required DateTimeOffset ShipBy { get; init; }

    /// <summary>1 to 1,000 lines, each quantity 1 to 100,000 units.</summary>
    public required IReadOnlyList<ReleaseLine> Lines { get; init; }
}

/// <summary>One line of a release: what to fetch and how many units of it.</summary>
public sealed record ReleaseLine(int LineNo, string Sku, int Quantity);

/// <summary>A cancel or a hold that follows a release, and may overtake it.</summary>
public sealed record SignalMessage
{
    public required string WarehouseId { get; init; }
    public required string ClientId { get; init; }
    public required Guid OrderId { get; init; }
    public required int ReleaseNo { get; init; }

    /// <summary>1, 2, ... per release: the same number may arrive again and is answered once.</summary>
    public required int SignalNo { get; init; }
}

/// <summary>Source-generated JSON of everything that crosses between the services (NativeAOT: no reflection).</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip)]
[JsonSerializable(typeof(ReleaseMessage))]
[JsonSerializable(typeof(SignalMessage))]
[JsonSerializable(typeof(FeedPage))]
[JsonSerializable(typeof(ResumeRequest))]
[JsonSerializable(typeof(ResumeAnswer))]
[JsonSerializable(typeof(ReconcileRequest))]
[JsonSerializable(typeof(ReconcileAnswer))]
public sealed partial class ContractsJson : JsonSerializerContext;
