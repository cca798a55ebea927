using Fulfillment.Autoscaling.Rules;
using Xunit;

namespace Fulfillment.Tests.Autoscaling;

public sealed class ScaleRulesFileTests
{
    private const string Sound = """
        { "picking": { "minReplicas": 1, "maxReplicas": 30, "pollingInterval": 30, "cooldownPeriod": 300,
          "rules": [
          { "name": "entries", "type": "redis-streams", "metadata":
            { "stream": "picking:main:orders", "streamLength": "120" } },
          { "name": "holiday", "type": "cron", "metadata":
            { "timezone": "Europe/Berlin", "start": "0 6 27 11 *", "end": "0 22 30 11 *", "desiredReplicas": "10" } }
          ] } }
        """;

    private const string Slot = """
        { "picking": { "rules": [
          { "name": "entries", "type": "redis-streams", "metadata": { "stream": "s", "streamLength": "120" } },
          { "name": "holiday", "type": "cron", "slot": true } ] } }
        """;

    private const string Announced = """
        { "holiday": { "timezone": "Europe/Berlin", "start": "0 6 27 11 *", "end": "0 22 30 11 *",
          "desiredReplicas": "10" } }
        """;

    [Fact]
    public async Task The_deployed_file_is_valid_without_a_warning_and_measures_the_streams_length()
    {
        var reading = await ScaleRulesFile.ReadAsync(DeployedFile(), null, TestContext.Current.CancellationToken);
        var valid = Assert.IsType<ScaleRulesReading.Valid>(reading);
        Assert.Empty(valid.Warnings);
        var streams = Assert.Single(valid.Apps["picking"].Rules.OfType<RedisStreamsRule>());
        Assert.Equal(StreamMeasure.Length, streams.Measure);
        Assert.Equal("picking:main:orders", streams.Stream);
    }

    [Fact]
    public void A_sound_file_is_read_whole()
    {
        var spec = Valid(Sound).Apps["picking"];
        Assert.Equal((1, 30), (spec.MinReplicas, spec.MaxReplicas));
        Assert.Equal((30, 300), (spec.PollingInterval.TotalSeconds, spec.CooldownPeriod.TotalSeconds));
        Assert.Equal(new RedisStreamsRule("entries", "picking:main:orders", StreamMeasure.Length, null, 120),
            spec.Rules[0]);
        var cron = Assert.IsType<CronRule>(spec.Rules[1]);
        Assert.Equal(("Europe/Berlin", 10), (cron.Window.TimeZone, cron.DesiredReplicas));
    }

    [Theory]
    [InlineData("\"streamLength\"", "\"streamlength\"",
        "entries/streamlength: unknown key; keys are case-sensitive: streamLength.")]
    [InlineData("\"streamLength\"", "\"lenght\"", "entries/lenght: unknown key; there are stream, ")]
    [InlineData("\"120\"", "120", "entries/streamLength: KEDA metadata are strings: write \"120\".")]
    [InlineData("\"120\"", "\"0\"", "entries/streamLength: '0' is no whole number from 1 up.")]
    [InlineData("\"120\"", "\"many\"", "entries/streamLength: 'many' is no whole number")]
    [InlineData("\"streamLength\": \"120\"", "\"streamLength\": \"120\", \"host\": \"redis\"",
        "entries/host: where Redis is")]
    [InlineData("\"streamLength\"", "\"lagCount\"", "entries/lagCount: KEDA ignores it without a consumerGroup.")]
    [InlineData("\"streamLength\"", "\"consumerGroup\": \"picking\", \"streamLength\"",
        "entries/streamLength: KEDA ignores it beside")]
    [InlineData("\"stream\": \"picking:main:orders\",", "", "entries/stream: missing.")]
    [InlineData("\"redis-streams\"", "\"redis-stream\"", "entries/type: 'redis-stream' is not known here")]
    [InlineData("\"maxReplicas\": 30", "\"maxReplicas\": 0", "maxReplicas: 0 is not between 1 and 1000.")]
    [InlineData("\"maxReplicas\": 30", "\"maxReplicas\": 1001", "maxReplicas: 1001 is not between 1 and 1000.")]
    [InlineData("\"minReplicas\": 1", "\"minReplicas\": 31", "maxReplicas: 30 is less than minReplicas 31.")]
    [InlineData("\"minReplicas\"", "\"minReplica\"", "minReplica: unknown key")]
    [InlineData("\"name\": \"holiday\"", "\"name\": \"entries\"", "entries/name: given to more than one rule.")]
    [InlineData("Europe/Berlin", "Mars/Olympus", "holiday/timezone: 'Mars/Olympus' is no IANA time zone")]
    [InlineData("0 6 27 11 *", "0 6 30 2 *", "holiday/start: '0 6 30 2 *' never matches")]
    [InlineData("0 6 27 11 *", "0 0 6 27 11 *", "holiday/start: '0 0 6 27 11 *': five fields are needed")]
    [InlineData("0 6 27 11 *", "0 6 L 11 *", "holiday/start: '0 6 L 11 *': 'L' is no number")]
    [InlineData("0 6 27 11 *", "0 6 13 11 FRI", "day of month and day of week are both limited")]
    [InlineData("0 6 27 11 *", "0 6 * 11 7", "holiday/start: '0 6 * 11 7': '7' is no number")]
    [InlineData("0 6 27 11 *", "0 99 27 11 *", "holiday/start: '0 99 27 11 *': '99' is no number")]
    [InlineData("0 6 27 11 *", "0 22 30 11 *", "holiday/end: the same as start")]
    [InlineData(", \"desiredReplicas\": \"10\"", "", "holiday/desiredReplicas: missing.")]
    [InlineData("\"desiredReplicas\": \"10\"", "\"desiredReplicas\": \"0\"",
        "holiday/desiredReplicas: '0' is no whole")]
    public void A_mistake_is_an_error_that_names_file_rule_and_key(string sound, string mistake, string expected)
    {
        var faults = Faults(Sound.Replace(sound, mistake, StringComparison.Ordinal));
        Assert.Contains(faults, fault => fault.Contains(expected, StringComparison.Ordinal));
        Assert.All(faults, fault => Assert.StartsWith("rules.json: picking/", fault, StringComparison.Ordinal));
    }

    [Fact]
    public void All_mistakes_of_a_file_are_reported_at_once()
    {
        var faults = Faults(Sound
            .Replace("\"120\"", "120", StringComparison.Ordinal)
            .Replace("Europe/Berlin", "Mars/Olympus", StringComparison.Ordinal));
        Assert.Equal(2, faults.Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("{\"picking\": {\"minReplicas\": 1, \"minReplicas\": 2}}")]
    public void What_is_no_rules_file_is_one_clear_message(string json) =>
        Assert.StartsWith("rules.json: ", Assert.Single(Faults(json)), StringComparison.Ordinal);

    [Fact]
    public async Task A_file_that_is_not_there_is_named()
    {
        var reading = await ScaleRulesFile.ReadAsync("/nowhere/rules.json", null, TestContext.Current.CancellationToken);
        Assert.StartsWith("/nowhere/rules.json: cannot be read", reading.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_slot_is_filled_by_what_the_environment_announced_and_else_is_no_rule()
    {
        Assert.Equal("entries", Assert.Single(Valid(Slot).Apps["picking"].Rules).Name);
        Assert.Equal("entries", Assert.Single(Valid(Slot, "{}").Apps["picking"].Rules).Name);
        var filled = Assert.IsType<CronRule>(Valid(Slot, Announced).Apps["picking"].Rules[1]);
        Assert.Equal(("holiday", "0 6 27 11 *", 10), (filled.Name, filled.Window.Start, filled.DesiredReplicas));
    }

    [Theory]
    [InlineData("0 6 27 11 *", "0 6 31 4 *", "rules.json: picking/holiday, as announced/start: '0 6 31 4 *'")]
    [InlineData("holiday", "holidays", "windows.json: holidays: no rule of rules.json is a slot of this name.")]
    [InlineData("\"timezone\"", "\"zone\"", "rules.json: picking/holiday, as announced/zone: unknown key")]
    [InlineData("{", "[", "windows.json: $")]
    public void A_mistake_in_what_is_announced_is_named(string sound, string mistake, string expected)
    {
        var windows = Announced.Replace(sound, mistake, StringComparison.Ordinal);
        var reading = ScaleRulesFile.Parse("rules.json", Slot, ("windows.json", windows));
        Assert.Contains(Assert.IsType<ScaleRulesReading.Invalid>(reading).Faults,
            fault => fault.StartsWith(expected, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("\"cron\", \"slot\": true", "\"redis-streams\", \"slot\": true")]
    [InlineData("\"slot\": true", "\"slot\": true, \"metadata\": {}")]
    public void A_slot_is_a_cron_without_metadata(string sound, string mistake) => Assert.Contains(
        Faults(Slot.Replace(sound, mistake, StringComparison.Ordinal)),
        fault => fault.StartsWith("rules.json: picking/holiday/slot: a slot is", StringComparison.Ordinal));

    [Fact]
    public async Task Production_has_announced_a_holiday_and_dev_and_a_desk_have_not()
    {
        var folder = Path.GetDirectoryName(DeployedFile())!;
        Assert.Single(await CronsAsync(Path.Combine(folder, "windows", "prod.json")));
        Assert.Empty(await CronsAsync(Path.Combine(folder, "windows", "dev.json")));
        Assert.Empty(await CronsAsync(null));

        static async Task<IEnumerable<CronRule>> CronsAsync(string? windows) =>
            Assert.IsType<ScaleRulesReading.Valid>(await ScaleRulesFile.ReadAsync(
                DeployedFile(), windows, TestContext.Current.CancellationToken)).Apps["picking"].Rules.OfType<CronRule>();
    }

    [Fact]
    public async Task A_file_of_windows_that_is_not_there_is_named()
    {
        var reading = await ScaleRulesFile.ReadAsync(
            DeployedFile(), "/nowhere/windows.json", TestContext.Current.CancellationToken);
        Assert.StartsWith("/nowhere/windows.json: cannot be read", reading.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_keys_decide_what_is_measured_as_in_KEDA()
    {
        Assert.Equal((StreamMeasure.Lag, 40L), Measured("\"consumerGroup\": \"picking\", \"lagCount\": \"40\""));
        Assert.Equal((StreamMeasure.Pending, 5L), Measured("\"consumerGroup\": \"picking\""));
        Assert.Equal((StreamMeasure.Pending, 7L),
            Measured("\"consumerGroup\": \"picking\", \"pendingEntriesCount\": \"7\""));
        Assert.Equal((StreamMeasure.Pending, 5L), Measured("\"consumerGroup\": \"picking\", \"lagCount\": \"0\""));
        Assert.Equal((StreamMeasure.Length, 5L), Measured("\"databaseIndex\": \"0\""));
    }

    [Fact]
    public void A_lag_rule_and_a_cron_beyond_the_maximum_are_warned_of()
    {
        var lag = Sound.Replace("\"streamLength\": \"120\"", "\"consumerGroup\": \"g\", \"lagCount\": \"9\"",
            StringComparison.Ordinal);
        Assert.Contains("does not go blind", Assert.Single(Valid(lag).Warnings), StringComparison.Ordinal);
        var cron = Sound.Replace("\"10\"", "\"31\"", StringComparison.Ordinal);
        Assert.Contains("more than maxReplicas", Assert.Single(Valid(cron).Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_stream_shorter_than_a_pool_is_refused_and_one_as_long_is_not()
    {
        var spec = Valid(Sound).Apps["picking"];
        Assert.Empty(spec.FaultsAgainstPool(120));
        Assert.StartsWith("picking/entries/streamLength: 120 is less than", Assert.Single(spec.FaultsAgainstPool(121)),
            StringComparison.Ordinal);
    }

    private static (StreamMeasure, long) Measured(string keys)
    {
        var json = Sound.Replace("\"streamLength\": \"120\"", keys, StringComparison.Ordinal);
        var rule = Valid(json).Apps["picking"].Rules.OfType<RedisStreamsRule>().Single();
        return (rule.Measure, rule.Target);
    }

    private static ScaleRulesReading.Valid Valid(string json, string? windows = null) =>
        Assert.IsType<ScaleRulesReading.Valid>(
            ScaleRulesFile.Parse("rules.json", json, windows is null ? null : ("windows.json", windows)));

    private static IReadOnlyList<string> Faults(string json) =>
        Assert.IsType<ScaleRulesReading.Invalid>(ScaleRulesFile.Parse("rules.json", json)).Faults;

    internal static string DeployedFile()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Fulfillment.sln"))) folder = folder.Parent;
        return Path.Combine(folder.FullName, "infra", "bicep", "scale-rules.json");
    }
}
