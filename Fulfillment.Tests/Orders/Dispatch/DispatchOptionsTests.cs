using System.Text.Json;
using Fulfillment.Orders.Dispatch;
using Fulfillment.ServiceDefaults.DataStores;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace Fulfillment.Tests.Orders.Dispatch;

public sealed class DispatchOptionsTests
{
    [Fact]
    public void The_stream_is_as_deep_as_the_deployed_scale_rule_aims_at()
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(root.FullName, "Fulfillment.sln"))) root = root.Parent!;
        using var rules = JsonDocument.Parse(
            File.ReadAllText(Path.Combine(root.FullName, "infra/bicep/scale-rules.json")));
        var streamLengths = rules.RootElement.GetProperty("picking").GetProperty("rules").EnumerateArray()
            .Where(rule => rule.GetProperty("type").GetString() == "redis-streams")
            .Select(rule => rule.GetProperty("metadata").GetProperty("streamLength").GetString());
        Assert.Equal($"{new DispatchOptions().StreamLength}", Assert.Single(streamLengths));
    }

    [Fact]
    public void Settings_are_read_with_their_units()
    {
        var options = DispatchOptions.From(Settings(("StreamLength", "7"), ("RepublishAfter", "00:00:00.250")));
        Assert.Equal((7, TimeSpan.FromMilliseconds(250)), (options.StreamLength, options.RepublishAfter));
        Assert.Equal(new DispatchOptions().BatchMax, options.BatchMax);
    }

    [Theory]
    [InlineData("StreamLength", "0", "Dispatch:StreamLength")]
    [InlineData("StreamLength", "100001", "Dispatch:StreamLength")]
    [InlineData("BatchMax", "4097", "Dispatch:BatchMax")]
    [InlineData("LeadTime", "-00:00:01", "Dispatch:LeadTime")]
    [InlineData("IdleDelay", "00:00:00", "Dispatch:IdleDelay")]
    [InlineData("SweepInterval", "soon", "Dispatch:SweepInterval")]
    [InlineData("BacklogInterval", "1.00:00:01", "Dispatch:BacklogInterval")]
    public void A_wrong_setting_is_named(string name, string value, string setting) =>
        Assert.Equal(
            setting,
            Assert.Throws<WrongSettingException>(() => DispatchOptions.From(Settings((name, value)))).Setting);

    [Theory]
    [InlineData("StreamLength", "1")]
    [InlineData("StreamLength", "100000")]
    [InlineData("BatchMax", "4096")]
    [InlineData("BacklogInterval", "1.00:00:00")]
    [InlineData("IdleDelay", "00:00:00.001")]
    public void The_limits_themselves_are_allowed(string name, string value) =>
        Assert.NotNull(DispatchOptions.From(Settings((name, value))));

    private static IConfigurationRoot Settings(params (string Name, string Value)[] settings) =>
        new ConfigurationBuilder().AddInMemoryCollection(
            settings.Select(of => KeyValuePair.Create($"Dispatch:{of.Name}", (string?)of.Value))).Build();
}
