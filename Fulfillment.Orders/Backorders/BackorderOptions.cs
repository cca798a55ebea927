using Fulfillment.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace Fulfillment.Orders.Backorders;

/// <summary>Section <c>Backorders</c>.</summary>
internal sealed class BackorderOptions
{
    /// <summary>How often waiting backorders are compared with the stock.</summary>
    [TimeRange("00:00:00.001", "1.00:00:00")]
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromMinutes(1);

    internal static BackorderOptions From(IConfiguration configuration) => CheckedOptions.Read(
        configuration, "Backorders", new BackorderOptions(), (from, to) => from.Bind(to),
        new BackorderOptionsValidator());
}

[OptionsValidator]
internal sealed partial class BackorderOptionsValidator : IValidateOptions<BackorderOptions>;
