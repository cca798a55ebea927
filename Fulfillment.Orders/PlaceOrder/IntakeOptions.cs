using Fulfillment.ServiceDefaults.DataStores;

namespace Fulfillment.Orders.PlaceOrder;

/// <summary>Section <c>Intake</c>.</summary>
/// <param name="HeldMax"><c>Intake:HeldMillisecondsMax</c>, 100 to 60,000: how long a POST may wait for the database
/// before it is answered 503. A database that is back sooner has cost its callers nothing but this.</param>
internal sealed record IntakeOptions(TimeSpan HeldMax)
{
    private const int HeldMillisecondsMax = 8_000;

    internal static IntakeOptions Default { get; } = new(TimeSpan.FromMilliseconds(HeldMillisecondsMax));

    /// <exception cref="WrongSettingException">It is no number or out of its range.</exception>
    internal static IntakeOptions Read(IConfiguration configuration) => new(TimeSpan.FromMilliseconds(
        Settings.Whole(configuration, "Intake:HeldMillisecondsMax", HeldMillisecondsMax, 100, 60_000)));
}
