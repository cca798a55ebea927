using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace Fulfillment.ServiceDefaults.DataStores;

/// <summary>Reads one setting; one that cannot be read, or is out of its range, stops the start.</summary>
public static class Settings
{
    /// <exception cref="WrongSettingException">No whole number from <paramref name="min"/> to
    /// <paramref name="max"/>.</exception>
    public static int Whole(IConfiguration configuration, string setting, int fallback, int min, int max)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var text = configuration[setting];
        if (string.IsNullOrWhiteSpace(text)) return fallback;
        return int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var value)
            && value >= min && value <= max
            ? value
            : throw new WrongSettingException(setting, $"must be a whole number from {min} to {max}");
    }

    /// <exception cref="WrongSettingException">Neither true nor false.</exception>
    public static bool YesOrNo(IConfiguration configuration, string setting, bool fallback)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var text = configuration[setting];
        if (string.IsNullOrWhiteSpace(text)) return fallback;
        return bool.TryParse(text, out var value)
            ? value
            : throw new WrongSettingException(setting, "must be true or false");
    }
}
