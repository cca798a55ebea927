namespace Fulfillment.Contracts;

/// <summary>
/// POST /events/resume of Picking: a reader begins to read again where it and the log agree. With
/// <see cref="ReplayFrom"/>, the cursor before that event is where.
/// </summary>
public sealed record ResumeRequest(string Reader, string Cursor, string? ReplayFrom);

/// <summary>Where the reader stands now, and the last event that may be told.</summary>
/// <param name="CursorKnown">Whether the cursor it came with is one of this log.</param>
/// <param name="Cursor">Where to read on.</param>
/// <param name="Head">The end of the log, with what may not be told yet.</param>
public sealed record ResumeAnswer(bool CursorKnown, string Cursor, string Head);

/// <summary>
/// POST /events/reconcile of Picking: what the reader has applied of these releases, at most
/// <see cref="ReleasesMax"/>.
/// </summary>
public sealed record ReconcileRequest(IReadOnlyList<AppliedRelease> Releases)
{
    public const int ReleasesMax = 500;
}

/// <summary>What the reader knows of one release.</summary>
public sealed record AppliedRelease
{
    public required string ClientId { get; init; }
    public required Guid OrderId { get; init; }
    public required int ReleaseNo { get; init; }

    /// <summary>Version of the last event applied; 0: none.</summary>
    public required int Version { get; init; }

    /// <summary>When that event happened: with its version it is the one event and no other.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>The reader has no such order: whatever was made of it is to be given up.</summary>
    public bool Lost { get; init; }

    /// <summary>What is done of its lines, and what is open.</summary>
    public IReadOnlyList<AppliedLine>? Lines { get; init; }
}

/// <summary>Units of one line: booked as picked, booked as short, and open.</summary>
public sealed record AppliedLine(int LineNo, string Sku, int Picked, int Short, int Open);

/// <summary>One answer for each release that was asked about, in that order.</summary>
public sealed record ReconcileAnswer(IReadOnlyList<ReconciledRelease> Releases);

/// <summary>How a release stands.</summary>
/// <param name="Closed">
/// The log and the reader knew different histories of it. It is given up: what either of them has as done is done, and
/// an event <see cref="EventKinds.Restored"/> tells the reader what it did not know; what is open goes as a new one.
/// </param>
/// <param name="Version">
/// Closed: the version before that event; those up to it are to be passed over. Else: the last of the log.
/// </param>
/// <param name="Next">Not closed: the first event that the reader has not applied, as {xid}-{id}.</param>
/// <param name="Surplus">Closed: units that were picked beyond what was open; they were picked twice.</param>
public sealed record ReconciledRelease(bool Closed, int Version, string? Next, int Surplus);
