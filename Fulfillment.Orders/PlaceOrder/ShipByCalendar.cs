namespace Fulfillment.Orders.PlaceOrder;

/// <summary>The deadline that follows from service level and carrier pick-up. Pure.</summary>
internal static class ShipByCalendar
{
    /// <summary>
    /// The next pick-up that is still ahead, in the warehouse's local time, then one day later for Express and two for
    /// Standard. A pick-up in the hour that a clock change leaves out happens an hour later.
    /// </summary>
    internal static DateTimeOffset ShipBy(DateTimeOffset placedAt, string level, TimeOnly cutOff, TimeZoneInfo zone)
    {
        var local = TimeZoneInfo.ConvertTime(placedAt, zone);
        var today = DateOnly.FromDateTime(local.DateTime);
        var next = At(today, cutOff, zone) > placedAt ? today : today.AddDays(1);
        return At(next.AddDays(level switch { "SameDay" => 0, "Express" => 1, _ => 2 }), cutOff, zone);
    }

    private static DateTimeOffset At(DateOnly day, TimeOnly time, TimeZoneInfo zone)
    {
        var local = day.ToDateTime(time, DateTimeKind.Unspecified);
        if (zone.IsInvalidTime(local)) local = local.AddHours(1);
        return new DateTimeOffset(local, zone.GetUtcOffset(local)).ToUniversalTime();
    }
}
