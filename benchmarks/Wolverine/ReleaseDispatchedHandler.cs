using Benchmarks.EfCore;

namespace Benchmarks.Wolverine;

/// <summary>Takes the message out of the durable queue: what a transport would do with it is not counted.</summary>
public sealed class ReleaseDispatchedHandler
{
    public static void Handle(ReleaseDispatched message) => ArgumentNullException.ThrowIfNull(message);
}
