using System.Diagnostics;
using Fulfillment.Hosting;
using Fulfillment.Surge;
using Fulfillment.Surge.Embedded;
using Fulfillment.Surge.Load;
using Fulfillment.Surge.Report;
using Fulfillment.Surge.Target;
using Xunit;

namespace Fulfillment.Tests.Surge.Target;

public sealed class TargetTests
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_system_started_by_somebody_else_is_driven_over_http_with_its_keys_and_can_be_driven_again()
    {
        var report = Path.GetTempFileName();
        await using var system = await EmbeddedSystem.StartAsync(
            new EmbeddedOptions(), TimeProvider.System, _ => { }, Cancellation);
        var options = new TargetOptions
        {
            Url = new(system.Orders.Single().Url!),
            PickingUrl = new(system.Picking.Single().Url!),
            OperatorKey = system.Keys.Operator,
            FloorKey = system.Keys.Floor,
            WarehouseId = "main",
            Scale = 10,
            Rate = 2,
            Seconds = 5,
            Speedup = 10_000,
            Pickers = 20,
            Seed = 1,
            Report = report,
        };
        for (var time = 1; time <= 2; time++) // the second finds the first one's clients, SKUs and orders there
        {
            Assert.Equal(0, await TargetRun.RunAsync(options, TimeProvider.System, Cancellation));

            var told = SurgeReport.Read(await File.ReadAllTextAsync(report, Cancellation));
            Assert.Equal(
                (100, 100, 100, 0),
                (told.Orders.Sent, told.Orders.Accepted, told.Orders.Picked, told.Orders.Rejected));
            Assert.Equal((3, 0), (told.Invariants.Checked, told.Invariants.Broken));
            Assert.NotNull(told.LatencyMs.Confirm);
            Assert.NotNull(told.LatencyMs.Pick);
        }

        File.Delete(report);
    }

    [Fact]
    public void An_acknowledged_order_that_is_missing_or_stands_still_is_named()
    {
        var told = new Acknowledgements();
        var (there, missing, stuck) = (Guid.NewGuid(), Guid.NewGuid(), Guid.NewGuid());
        foreach (var (name, id) in (ReadOnlySpan<(string, Guid)>)[("there", there), ("missing", missing), ("stuck", stuck)])
            told.Accept(new(TimeSpan.Zero, "brand", name, []), id, DateTimeOffset.UnixEpoch, repeat: false);
        var standing = new Dictionary<Guid, string> { [there] = "Picked", [stuck] = "Accepted" };

        var found = TargetRun.Check(told, standing, picked: true);

        Assert.Equal(2, found.Broken);
        Assert.Contains(found.Details, detail => detail.Contains("brand/missing", StringComparison.Ordinal));
        Assert.Contains(found.Details, detail => detail.Contains($"{stuck} stands still as Accepted", StringComparison.Ordinal));
        Assert.Equal(0, TargetRun.Check(new(), standing: new Dictionary<Guid, string>(), picked: true).Broken);
    }

    [Theory]
    [InlineData(ExitCodes.Broken, "An address is http", "target", "--url", "nonsense", "--operator-key", "a.b")]
    [InlineData(ExitCodes.Broken, "SURGE_OPERATOR_KEY is needed", "target", "--url", "http://127.0.0.1:9")]
    [InlineData(ExitCodes.NotStarted, "does not answer", "target", "--url", "http://127.0.0.1:9", "--operator-key", "a.b")]
    public async Task What_cannot_be_driven_is_said_in_words(int code, string words, params string[] arguments)
    {
        var (ended, output) = await RunAsync(arguments);
        Assert.Equal(code, ended);
        Assert.Contains(words, output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_help_keeps_the_keys_of_the_environment_to_itself()
    {
        var (_, output) = await RunAsync(["target", "--help"], (TargetCommand.OperatorKeyVariable, "operator.secret"));
        Assert.Contains(TargetCommand.OperatorKeyVariable, output, StringComparison.Ordinal);
        Assert.DoesNotContain("operator.secret", output, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Output)> RunAsync(
        string[] arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(BuildOutput.Executable("Fulfillment.Surge"), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(Cancellation);
        var output = await process.StandardOutput.ReadToEndAsync(Cancellation) + await errors;
        await process.WaitForExitAsync(Cancellation);
        return (process.ExitCode, output);
    }
}
