using Fulfillment.ServiceDefaults.Leadership;

namespace Fulfillment.Orders;

/// <summary>
/// What a process opens to Postgres, counted: however many warehouses, it is no more. Times the replicas it must stay
/// below the server's max_connections.
/// </summary>
internal static class ConnectionBudget
{
    /// <summary>All of it.</summary>
    internal const int Process = 16;

    /// <summary>
    /// Relays, feed readers, archiver and sweeps take one for a step at a time, so a few serve many warehouses.
    /// </summary>
    internal const int Leaders = 4;

    /// <summary>The writer of groups, the API keys and clients, and every request.</summary>
    internal const int Requests = Process - Leaders - LeadershipRegistration.LockConnections;
}
