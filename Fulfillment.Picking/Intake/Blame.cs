using Npgsql;

namespace Fulfillment.Picking.Intake;

/// <summary>A store that answers, and makes whatever is planned fail: nothing that a release has done.</summary>
internal sealed class BrokenStoreException(string problem, Exception inner) : Exception(problem, inner);

/// <summary>A release that failed while it was planned alone.</summary>
internal sealed record FailedAlone(PooledRelease Release, int Attempt, Exception Thrown)
{
    /// <summary>What two failures must have in common to be alike.</summary>
    internal string How => Thrown is PostgresException answer
        ? $"{answer.SqlState} {answer.ConstraintName}"
        : Thrown.GetType().ToString();
}

/// <summary>
/// Tells a poison release from a broken store. Both make planning fail: but others are planned beside a poison, and
/// with a broken store different releases fail alike, whoever comes. Then none is to blame.
/// </summary>
internal sealed class Blame
{
    /// <summary>So many different releases that fail alike, one a poll and nothing planned between.</summary>
    internal const int LoneReleasesMax = 3;

    private readonly Dictionary<ReleaseId, int> _attempts = [];
    private string? _how;

    /// <summary>Something was planned: the store does what it should.</summary>
    internal void StoreWorks() => _attempts.Clear();

    /// <summary>
    /// Judges the failures of one poll in which nothing was planned. When the store is to blame: the attempts that
    /// were counted against each release and are to be taken back. Null otherwise.
    /// </summary>
    internal IReadOnlyDictionary<ReleaseId, int>? StoresFault(IReadOnlyList<FailedAlone> failed)
    {
        foreach (var one in failed)
        {
            if (one.How != _how) _attempts.Clear();
            _how = one.How;
            _attempts[one.Release.Key] = _attempts.GetValueOrDefault(one.Release.Key) + 1;
        }

        var pool = failed.Count > 1 && failed.All(one => one.How == _how);
        if (!pool && _attempts.Count < LoneReleasesMax) return null;
        var counted = new Dictionary<ReleaseId, int>(_attempts);
        foreach (var release in counted.Keys) _attempts[release] = 0; // one that comes again is the same one
        return counted;
    }
}
