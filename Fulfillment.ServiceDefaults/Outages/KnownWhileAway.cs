using Fulfillment.ServiceDefaults.DataStores;
using Microsoft.Extensions.Configuration;

namespace Fulfillment.ServiceDefaults.Outages;

/// <summary>
/// What a process read a moment ago is believed while Postgres is away: who holds a key, what a client is. A short
/// outage then ends before anybody has noticed, and a longer one is answered by the handler, not by a 401.
/// </summary>
/// <param name="For"><c>Outage:KnownForSeconds</c>, 0 to 3,600: how old it may get. A key that is revoked in that time
/// by other means works until Postgres answers again, or this ends.</param>
public sealed record KnownWhileAway(TimeSpan For)
{
    private const int DefaultSeconds = 300;
    private const int SecondsMax = 3_600;

    // A reader who has something to go on with does not wait for as long as one who has nothing.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    public static KnownWhileAway Default { get; } = new(TimeSpan.FromSeconds(DefaultSeconds));

    /// <exception cref="WrongSettingException">It is no number or out of its range.</exception>
    public static KnownWhileAway Read(IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        return new(TimeSpan.FromSeconds(
            Settings.Whole(configuration, "Outage:KnownForSeconds", DefaultSeconds, 0, SecondsMax)));
    }

    /// <summary>What is read, or what was known when the store fails or is late.</summary>
    public static async ValueTask<T> OrAsync<T>(Task<T> reading, T known, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(reading);
        try
        {
            return await reading.WaitAsync(Patience, clock);
        }
        catch (Exception failed) when (StoreFault.StoreOf(failed) is not null)
        {
            return known;
        }
    }
}
