using Fulfillment.Picking.Intake;
using Fulfillment.Picking.Warehouse;

namespace Fulfillment.Picking.Floor;

/// <summary>A task of the tour as it stands while its row is locked.</summary>
internal sealed record OpenTask(
    int TaskNo, ReleaseId Release, int LineNo, string ClientId, string Sku, Shelf Location, int Tote, int Left,
    short Rank);

/// <summary>What scans do to one task.</summary>
internal sealed record TaskChange(OpenTask Task, int Picked, int Short)
{
    internal bool Finishes => Picked + Short == Task.Left;
}

/// <summary>What a confirm does, or the first reason to refuse all of it.</summary>
internal abstract record ConfirmVerdict
{
    private ConfirmVerdict() { }

    internal sealed record Accepted(IReadOnlyList<Scan> NewScans, IReadOnlyList<TaskChange> Changes) : ConfirmVerdict;

    internal sealed record Refused(string Code, string Title) : ConfirmVerdict;
}

/// <summary>
/// Judges the scans of one call. One bad scan refuses the whole call, and nothing of it is stored. Pure.
/// </summary>
internal static class ConfirmRules
{
    internal const int ScansMax = 45;

    /// <summary>What is wrong with the request whatever the tour; null when nothing is.</summary>
    internal static ConfirmVerdict.Refused? FaultIn(ConfirmRequest request)
    {
        if (!Names.IsName(request.PickerId)) return new("bad_picker", "pickerId must be 1 to 64 characters of text.");
        if (request.Fence is null) return new("bad_fence", "fence is required.");
        if (request.Scans is not { Count: >= 1 and <= ScansMax })
            return new("bad_scan_count", $"A call confirms 1 to {ScansMax} scans.");
        var ids = new HashSet<(int, string)>();
        foreach (var scan in request.Scans)
        {
            if (scan is null || !Names.IsName(scan.ScanId))
                return new("bad_scan_id", "scanId must be 1 to 64 characters of text.");
            if (scan.Picked < 0 || scan.Short < 0 || (long)scan.Picked + scan.Short < 1)
                return new("bad_quantity",
                    $"Scan {scan.ScanId}: picked and short must not be negative, nor both be zero.");
            if (!ids.Add((scan.TaskNo, scan.ScanId!)))
                return new("scan_twice", $"Scan {scan.ScanId} is in the call twice.");
        }

        return null;
    }

    /// <param name="scans">The scans of the call.</param>
    /// <param name="tasks">The tasks they name, as they stand.</param>
    /// <param name="stored">Scans of this fence that had their effect: (task, scan id) to (picked, short).</param>
    internal static ConfirmVerdict Judge(
        IReadOnlyList<Scan> scans, IReadOnlyDictionary<int, OpenTask> tasks,
        IReadOnlyDictionary<(int TaskNo, string ScanId), (int Picked, int Short)> stored)
    {
        var fresh = new List<Scan>();
        var changes = new Dictionary<int, TaskChange>();
        foreach (var scan in scans)
        {
            if (stored.TryGetValue((scan.TaskNo, scan.ScanId!), out var before))
            {
                if (before == (scan.Picked, scan.Short)) continue;
                return new ConfirmVerdict.Refused("scan_reused",
                    $"Scan {scan.ScanId} was sent before with other quantities.");
            }

            if (!tasks.TryGetValue(scan.TaskNo, out var task))
                return new ConfirmVerdict.Refused("unknown_task", $"The tour has no task {scan.TaskNo}.");
            if (FaultAgainst(task, scan) is { } fault) return fault;
            var sum = changes.GetValueOrDefault(scan.TaskNo, new TaskChange(task, 0, 0));
            if ((long)sum.Picked + sum.Short + scan.Picked + scan.Short > task.Left)
                return new ConfirmVerdict.Refused("too_many", $"Task {scan.TaskNo} has {task.Left} units left.");
            changes[scan.TaskNo] = sum with { Picked = sum.Picked + scan.Picked, Short = sum.Short + scan.Short };
            fresh.Add(scan);
        }

        return new ConfirmVerdict.Accepted(fresh, [.. changes.Values.OrderBy(c => c.Task.TaskNo)]);
    }

    private static ConfirmVerdict.Refused? FaultAgainst(OpenTask task, Scan scan) =>
        scan.Location != task.Location ? new("wrong_location", $"Task {task.TaskNo} is at another location.")
        : scan.Sku != task.Sku ? new("wrong_sku", $"Task {task.TaskNo} wants another SKU.")
        : scan.Tote != task.Tote ? new("wrong_tote", $"Task {task.TaskNo} goes into another tote.")
        : null;
}
