namespace Fulfillment.Orders.Dispatch;

/// <summary>
/// Start-time fair queueing: Goyal, Vin &amp; Cheng, SIGCOMM 1996, https://doi.org/10.1145/248156.248171.
/// A release of client f gets the start tag S = max(v, F(f)) and leaves F(f) = S + lines / weight(f); the lowest start
/// tag goes first, and the virtual time v is the start tag last served. Over any span in which two clients both have
/// work waiting, lines served per weight differ by at most l_max(f)/w(f) + l_max(g)/w(g), whatever either of them
/// sends. Tags are taken when a release is served, not when it arrives: v never passes the start tag of a client that
/// waits, so both give the same tag, and nothing needs to be written at intake.
/// </summary>
internal sealed class FairQueue
{
    /// <summary>Virtual time of one line at weight 1. Tags stay below 2^63 for 8 * 10^12 such lines.</summary>
    internal const long LineCost = 1 << 20;

    private readonly Dictionary<string, long> _finishTags;

    internal FairQueue(long virtualTime, IEnumerable<KeyValuePair<string, long>> finishTags)
    {
        VirtualTime = virtualTime;
        _finishTags = new Dictionary<string, long>(finishTags, StringComparer.Ordinal);
    }

    /// <summary>The start tag last served; never decreases.</summary>
    internal long VirtualTime { get; private set; }

    /// <summary>The tag at which the client's last release ends, 0 if it never had one.</summary>
    internal long FinishTag(string clientId) => _finishTags.GetValueOrDefault(clientId);

    /// <summary>The start tag that the client's next release would get.</summary>
    internal long StartTag(string clientId) => Math.Max(VirtualTime, FinishTag(clientId));

    /// <summary>Serves a release of the client and returns its start tag.</summary>
    internal long Serve(string clientId, int lines, int weight)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(lines);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(weight);
        var start = StartTag(clientId);
        // Rounded up, so that a release is never free.
        _finishTags[clientId] = checked(start + ((lines * LineCost) + weight - 1) / weight);
        VirtualTime = start;
        return start;
    }

    /// <summary>
    /// The next releases in their fair order, at most <paramref name="max"/>; equal tags go by client id. Serves
    /// nobody. Ends early when it is the turn of a client of whom more releases wait than were given: what comes after
    /// would otherwise be let past it.
    /// </summary>
    internal List<WaitingRelease> Order(IReadOnlyList<WaitingClient> clients, int max)
    {
        var rehearsal = new FairQueue(VirtualTime, _finishTags);
        var turns = new PriorityQueue<(WaitingClient Client, int Served), (long Tag, string ClientId)>(TurnOrder);
        foreach (var client in clients)
            turns.Enqueue((client, 0), (rehearsal.StartTag(client.ClientId), client.ClientId));

        var order = new List<WaitingRelease>();
        while (order.Count < max && turns.TryDequeue(out var turn, out _))
        {
            var (client, served) = turn;
            if (served == client.Releases.Count)
            {
                if (client.MoreWait) break;
                continue;
            }

            order.Add(client.Releases[served]);
            rehearsal.Serve(client.ClientId, client.Releases[served].Lines, client.Weight);
            turns.Enqueue((client, served + 1), (rehearsal.StartTag(client.ClientId), client.ClientId));
        }

        return order;
    }

    private static readonly IComparer<(long Tag, string ClientId)> TurnOrder =
        Comparer<(long Tag, string ClientId)>.Create((left, right) =>
            left.Tag != right.Tag
                ? left.Tag.CompareTo(right.Tag)
                : string.CompareOrdinal(left.ClientId, right.ClientId));
}

/// <summary>A client with releases waiting, the first of them in the order in which they are to go.</summary>
/// <param name="ClientId">Whose they are.</param>
/// <param name="Weight">Its share, 1 to 1,000.</param>
/// <param name="Releases">The first ones that wait.</param>
/// <param name="MoreWait">Whether more may wait than <paramref name="Releases"/> holds.</param>
internal sealed record WaitingClient(
    string ClientId, int Weight, IReadOnlyList<WaitingRelease> Releases, bool MoreWait);

/// <summary>A release that may be dispatched.</summary>
internal readonly record struct WaitingRelease(ReleaseKey Key, int Lines, int Weight);

/// <summary>The identity of a release.</summary>
internal readonly record struct ReleaseKey(string ClientId, Guid OrderId, int ReleaseNo);
