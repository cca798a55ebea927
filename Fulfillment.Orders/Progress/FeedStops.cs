using Npgsql;

namespace Fulfillment.Orders.Progress;

/// <summary>The feed must not go on: applying anything after it would be a guess.</summary>
internal sealed class FeedStoppedException(string reason, Exception? inner = null) : Exception(reason, inner);

/// <summary>Events ask for rows or units that are not there; which of them, only trying apart can tell.</summary>
internal sealed class EventsRefusedException(string reason) : Exception(reason)
{
    /// <summary>
    /// What the database refuses because of the values it was given (22xxx, 23xxx). All else is the database's own
    /// trouble, and no event's fault.
    /// </summary>
    internal static bool Explains(Exception exception, out string reason)
    {
        (var explains, reason) = exception switch
        {
            EventsRefusedException refused => (true, refused.Message),
            PostgresException { SqlState: ['2', '2' or '3', ..] } broken =>
                (true, $"{broken.MessageText} ({broken.ConstraintName ?? broken.SqlState})"),
            _ => (false, ""),
        };
        return explains;
    }
}

/// <summary>The cursor is not where this reader left it: another one reads the same feed.</summary>
internal sealed class CursorMovedException(string warehouseId) : Exception(
    $"The cursor of {warehouseId} was moved by somebody else");
