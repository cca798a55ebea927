using Fulfillment.Orders.Backorders;
using Fulfillment.Orders.Dispatch;
using Fulfillment.Orders.Progress;
using Fulfillment.Picking;
using Fulfillment.ServiceDefaults.DataStores;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace Fulfillment.Tests.ServiceDefaults;

public sealed class SettingsTests
{
    [Theory]
    [InlineData("Cart:Lines", "1001", "Setting 'Cart:Lines' must be between 1 and 1000")]
    [InlineData("Cart:Lines", "99999999999", "Setting 'Cart:Lines' cannot be read: Failed to convert configuration value " +
        "'99999999999' at 'Cart:Lines' to type 'System.Int32'.")]
    [InlineData("Claim:AfterMilliseconds", "2499",
        "Setting 'Claim:AfterMilliseconds' must be at least five times Pool:WaitMilliseconds")]
    [InlineData("Effort:PlanMillisecondsMax", "6001",
        "Setting 'Effort:PlanMillisecondsMax' must be at most a fifth of Claim:AfterMilliseconds")]
    [InlineData("Warehouse:Id", "a\nb", "Setting 'Warehouse:Id' must be 1 to 64 characters of text")]
    [InlineData("Worker:Enabled", "maybe", "Setting 'Worker:Enabled' cannot be read: Failed to convert configuration value " +
        "'maybe' at 'Worker:Enabled' to type 'System.Boolean'.")]
    [InlineData("Postgres:PoolMax", "1", "Setting 'Postgres:PoolMax' must be between 2 and 100")]
    public void A_wrong_setting_of_picking_is_one_line_that_names_it(string name, string value, string line) =>
        Assert.Equal(line, Assert.Throws<WrongSettingException>(() => PickingSettings.Read(Of((name, value)))).Message);

    [Theory]
    [InlineData("Dispatch:BatchMax", "0", "Setting 'Dispatch:BatchMax' must be between 1 and 4096")]
    [InlineData("Progress:Wait", "00:00:08.001", "Setting 'Progress:Wait' must be 00:00:00 to 00:00:08")]
    [InlineData("Progress:ApplyMax", "1001", "Setting 'Progress:ApplyMax' must be between 1 and 1000")]
    [InlineData("Backorders:SweepInterval", "00:00:00",
        "Setting 'Backorders:SweepInterval' must be 00:00:00.001 to 1.00:00:00")]
    public void A_wrong_setting_of_orders_is_one_line_that_names_it(string name, string value, string line) =>
        Assert.Equal(line, Assert.Throws<WrongSettingException>(() => ReadOrders(Of((name, value)))).Message);

    [Fact]
    public void The_edges_are_taken_and_a_blank_one_is_the_default() => ReadOrders(Of(
        ("Progress:Wait", "00:00:08"), ("Progress:ApplyMax", "1000"), ("Backorders:SweepInterval", "1.00:00:00"),
        ("Dispatch:BatchMax", "")));

    [Fact]
    public void Nothing_that_is_set_is_left_at_its_default()
    {
        var settings = PickingSettings.Read(Of(
            ("Queue:IdleMilliseconds", "51"), ("Worker:Enabled", "false"), ("Effort:FullUnits", "20000001"),
            ("Effort:QuickFromMilliseconds", "2001"), ("Effort:PlanMillisecondsMax", "1999"), ("OptimizedPicking", "true")));
        Assert.Equal(
            (51, false, 20_000_001, 2_001, 1_999, true),
            ((int)settings.QueueIdle.TotalMilliseconds, settings.WorkerEnabled, settings.Effort.FullUnits,
                (int)settings.Effort.QuickFrom.TotalMilliseconds, (int)settings.Effort.PlanMax.TotalMilliseconds,
                settings.OptimizedPicking));
        Assert.Equal(TimeSpan.FromSeconds(1), settings.Effort.FullBelow);
    }

    private static void ReadOrders(IConfiguration configuration)
    {
        DispatchOptions.From(configuration);
        ProgressOptions.From(configuration);
        BackorderOptions.From(configuration);
    }

    private static IConfigurationRoot Of(params (string Name, string Value)[] settings) => new ConfigurationBuilder()
        .AddInMemoryCollection(settings.Select(of => KeyValuePair.Create(of.Name, (string?)of.Value))).Build();
}
