using System.Diagnostics;
using System.Text.Json;
using Fulfillment.Hosting;
using Fulfillment.Surge;
using Xunit;

namespace Fulfillment.Tests.Bench;

/// <summary>
/// Each bench in its quick form, on the builds that are there: does it run, count, check and say so. What it measures
/// on a machine that runs tests beside it means nothing, and is not looked at.
/// </summary>
public sealed class QuickBenchTests : IDisposable
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;
    private static readonly string Orders = BuildOutput.Executable("Fulfillment.Orders");
    private static readonly string Picking = BuildOutput.Executable("Fulfillment.Picking");

    private readonly string _json = Path.GetTempFileName();

    [Fact]
    public async Task Start_tells_for_each_form_how_long_it_took_and_what_it_holds_in_memory()
    {
        var result = await MeasureAsync(
            "start", "--quick", "--orders", Orders, "--aot", Picking, "--jit", Picking, "--ready-to-run", Picking);

        Assert.Equal(["ahead of time", "just in time", "ready to run"], NamesOf(result));
        AssertRatios(result, "jitOverAot", "readyToRunOverAot", "jitResidentOverAot", "aotResidentMb", "aotPeakMb");
        Assert.Equal(3, RatioOf(result, "checkedStarts"));
    }

    [Fact]
    public async Task Dispatch_tells_the_rate_of_the_relay_and_the_way_from_post_to_tour()
    {
        var result = await MeasureAsync("dispatch", "--quick", "--orders", Orders, "--picking", Picking);

        Assert.Equal(
            ["commit to stream, relay alone", "POST to tour, most, optimized", "POST to tour, half, optimized"],
            NamesOf(result));
        AssertRatios(result, "drainedReleases", "optimizedHalfP99OverGoal", "optimizedWorstP99Ms");
    }

    [Fact]
    public async Task Availability_tells_the_rate_of_the_cache_and_without_it()
    {
        var result = await MeasureAsync(
            "availability", "--connections", "32", "--rate", "100", "--seconds", "1", "--orders", Orders);

        Assert.Equal(["cached", "cached, peak", "uncached, peak"], NamesOf(result));
        AssertRatios(result, "cachedOverUncached");
    }

    [Fact]
    public async Task Intake_tells_the_closed_and_the_open_loop()
    {
        var result = await MeasureAsync(
            "intake", "--rounds", "1", "--seconds", "1", "--warmup", "0", "--connections", "16", "--cases", "uniform",
            "--peers", "none", "--others-percent-max", "100", "--orders", Orders);

        Assert.Equal(
            ["ours, 16 connections", "ours, open loop at 70 %", "ours, open loop, worst round"], NamesOf(result));
    }

    [Fact]
    public async Task A_figure_whose_rounds_were_all_dropped_is_null_and_says_why()
    {
        var (code, output) = await RunAsync(
            "intake", "--rounds", "1", "--seconds", "1", "--warmup", "0", "--connections", "16", "--cases", "hot",
            "--peers", "pgbench", "--others-percent-max=-1", "--orders", Orders, "--json", _json);

        Assert.True(code == 0, output);
        var result = JsonDocument.Parse(await File.ReadAllBytesAsync(_json, Cancellation)).RootElement;
        var ratios = result.GetProperty("ratios").EnumerateObject().ToList();
        Assert.Contains("hotOverPgbenchOneStatement", ratios.Select(ratio => ratio.Name));
        Assert.All(ratios, ratio =>
        {
            Assert.Equal(JsonValueKind.Null, ratio.Value.ValueKind);
            Assert.Contains(
                "was dropped: others used more than",
                result.GetProperty("whyNull").GetProperty(ratio.Name).GetString(), StringComparison.Ordinal);
        });
        Assert.All(result.GetProperty("rows").EnumerateArray(), row =>
            Assert.Equal(JsonValueKind.Null, row.GetProperty("perSecond").ValueKind));
    }

    [Theory]
    [InlineData(ExitCodes.Broken, "--rounds must be between 1 and 101", "start", "--rounds", "0")]
    [InlineData(ExitCodes.Broken, "--rounds must be between 1 and 101", "start", "--rounds", "102")]
    [InlineData(ExitCodes.Broken, "--backlog must be between 100 and", "dispatch", "--backlog", "99")]
    [InlineData(ExitCodes.Broken, "'fastest'", "dispatch", "--planners", "fastest")]
    [InlineData(ExitCodes.NotStarted, "is not there", "start", "--orders", "/nowhere", "--aot", "/n", "--jit", "/n",
        "--ready-to-run", "/n")]
    [InlineData(ExitCodes.NotStarted, "is not there", "dispatch", "--orders", "/nowhere", "--picking", "/nowhere")]
    [InlineData(ExitCodes.NotStarted, "is not there", "availability", "--orders", "/nowhere")]
    [InlineData(ExitCodes.NotStarted, "is not there", "intake", "--orders", "/nowhere")]
    [InlineData(ExitCodes.NotStarted, "ended at its start", "availability", "--orders", "/bin/true")]
    public async Task What_cannot_be_measured_is_said_in_words(int code, string words, params string[] arguments)
    {
        var (ended, output) = await RunAsync(arguments);

        Assert.Equal(code, ended);
        Assert.Contains(words, output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    public void Dispose() => File.Delete(_json);

    /// <summary>Runs it, and checks what holds for every bench: its own invariants, and the form of its file.</summary>
    private async Task<JsonElement> MeasureAsync(params string[] arguments)
    {
        var (code, output) = await RunAsync([.. arguments, "--json", _json]);
        Assert.True(code == 0, output);
        Assert.DoesNotContain("BROKEN", output, StringComparison.Ordinal);
        var result = JsonDocument.Parse(await File.ReadAllBytesAsync(_json, Cancellation)).RootElement;
        Assert.Equal(
            ["bench", "machine", "seconds", "rows", "ratios"], result.EnumerateObject().Select(part => part.Name));
        Assert.Equal(arguments[0], result.GetProperty("bench").GetString());
        Assert.NotEmpty(result.GetProperty("machine").GetString()!);
        Assert.True(result.GetProperty("seconds").GetDouble() > 0);
        foreach (var row in result.GetProperty("rows").EnumerateArray())
        {
            Assert.Equal(
                ["name", "case", "perSecond", "p50Ms", "p99Ms", "cpuSecondsPerThousand"],
                row.EnumerateObject().Select(part => part.Name));
            Assert.True(row.GetProperty("perSecond").GetDouble() > 0, $"{row}");
            Assert.True(row.GetProperty("p99Ms").GetDouble() >= row.GetProperty("p50Ms").GetDouble(), $"{row}");
        }

        return result;
    }

    private static IEnumerable<string?> NamesOf(JsonElement result) =>
        result.GetProperty("rows").EnumerateArray().Select(row => row.GetProperty("name").GetString());

    private static double RatioOf(JsonElement result, string name) =>
        result.GetProperty("ratios").GetProperty(name).GetDouble();

    private static void AssertRatios(JsonElement result, params string[] names) =>
        Assert.All(names, name => Assert.True(RatioOf(result, name) > 0, name));

    private static async Task<(int Code, string Output)> RunAsync(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(
            BuildOutput.Executable("Fulfillment.Bench"), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var errors = process.StandardError.ReadToEndAsync(Cancellation);
        var output = await process.StandardOutput.ReadToEndAsync(Cancellation) + await errors;
        await process.WaitForExitAsync(Cancellation);
        return (process.ExitCode, output);
    }
}
