using Fulfillment.Picking.Warehouse;

namespace Fulfillment.Picking.Floor;

/// <summary>Who asks for a tour.</summary>
internal sealed record NextTourRequest(string? PickerId);

/// <summary>A tour in a picker's hands. Every write he sends carries the fence; an older one is refused.</summary>
internal sealed record FloorTour(
    Guid TourId, int Fence, DateTimeOffset LeasedUntil, string State, long DistanceMm, IReadOnlyList<FloorTask> Tasks);

/// <summary>One stop for one line. <paramref name="Quantity"/> is what is still to be picked.</summary>
internal sealed record FloorTask(
    int TaskNo, Shelf Location, string ClientId, string Sku, int Quantity, int Tote, Guid OrderId, int ReleaseNo, int LineNo);

/// <summary>What was scanned at some stops, 1 to 45 scans.</summary>
internal sealed record ConfirmRequest(string? PickerId, int? Fence, IReadOnlyList<Scan>? Scans);

/// <summary>
/// One stop's scans: the shelf, the SKU and the tote as they were read, and how many units were taken and were not there.
/// <paramref name="ScanId"/> is the device's own; the same one again changes nothing.
/// </summary>
internal sealed record Scan(string? ScanId, int TaskNo, Shelf? Location, string? Sku, int Tote, int Picked, int Short);

/// <summary>After a confirm. <paramref name="Added"/>: shorts that are asked for again at another slot.</summary>
internal sealed record ConfirmAnswer(
    Guid TourId, int Fence, DateTimeOffset? LeasedUntil, string State, int OpenTasks, IReadOnlyList<FloorTask> Added);

/// <summary>The picker brought the tour in.</summary>
internal sealed record DoneRequest(string? PickerId, int? Fence);

/// <summary>The tour is done, since <paramref name="DoneAt"/>.</summary>
internal sealed record DoneAnswer(Guid TourId, string State, DateTimeOffset DoneAt);
