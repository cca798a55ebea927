using System.Diagnostics;
using Xunit;

namespace Fulfillment.Tests.Infra;

/// <summary>infra/raise-min.sh, run for real, with an az and an azd that write down how they were called.</summary>
public sealed class RaiseMinTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("raise-min-").FullName;

    public RaiseMinTests() => Assert.SkipWhen(OperatingSystem.IsWindows(), "a POSIX shell script");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task In_a_surge_the_minimum_becomes_what_runs()
    {
        var (exitCode, calls, output) = await RunAsync(there: 1, least: 1, running: "17");

        Assert.Equal(0, exitCode);
        Assert.Equal(
            ["azd env set PICKING_REPLICAS_MIN 17",
             "az containerapp update --resource-group rg-test --name picking --min-replicas 17 --output none"],
            calls);
        Assert.Contains("PICKING_REPLICAS_MIN 0", output, StringComparison.Ordinal); // how to go back
    }

    [Theory]
    [InlineData(1, 1, "1")] // a quiet day
    [InlineData(1, 20, "17")] // raised already: running it twice changes nothing
    [InlineData(0, 0, "")] // the first deploy
    public async Task Otherwise_nothing_is_touched(int there, int least, string running)
    {
        var (exitCode, calls, _) = await RunAsync(there, least, running);

        Assert.Equal((0, 0), (exitCode, calls.Length));
    }

    [Theory]
    [InlineData("many")]
    [InlineData("-3")]
    public async Task A_number_that_is_none_is_refused(string replicas)
    {
        var (exitCode, calls, output) = await RunAsync(there: 1, least: 1, running: "17", replicas);

        Assert.Equal((2, 0), (exitCode, calls.Length));
        Assert.Contains("is no number of replicas", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_Azure_that_does_not_answer_stops_the_deploy()
    {
        var (exitCode, calls, _) = await RunAsync(there: 1, least: 1, running: "17", fail: true);

        Assert.NotEqual(0, exitCode);
        Assert.Empty(calls);
    }

    [Fact]
    public void Both_shells_say_the_same_to_Azure()
    {
        static string[] Commands(string file) => [.. File.ReadAllText(Path.Combine(Bicep.Root, "infra", file))
            .Replace("\\\n", "", StringComparison.Ordinal).Replace("`\n", "", StringComparison.Ordinal)
            .Split('\n').Where(line => line.Contains("az containerapp", StringComparison.Ordinal))
            .Select(line => line[line.IndexOf("az containerapp", StringComparison.Ordinal)..])
            .Select(line => string.Join(' ', line.Split([' ',
                '"', '\'', ')', '$'], StringSplitOptions.RemoveEmptyEntries)))];

        Assert.NotEmpty(Commands("raise-min.sh"));
        Assert.Equal(Commands("raise-min.sh"), Commands("raise-min.ps1"));
    }

    private async Task<(int ExitCode, string[] Calls, string Output)> RunAsync(
        int there, int least, string running, string? replicas = null, bool fail = false)
    {
        var calls = Path.Combine(_folder, "calls");
        await WriteToolAsync("azd", $"echo \"azd $*\" >> {calls}");
        await WriteToolAsync("az", fail ? "exit 1" : $"""
            case "$*" in
              "containerapp list"*) echo {there} ;;
              "containerapp show"*) echo {least} ;;
              "containerapp revision list"*) echo {running} ;;
              *) echo "az $*" >> {calls} ;;
            esac
            """);
        var start = new ProcessStartInfo("sh", [Path.Combine(Bicep.Root, "infra", "raise-min.sh"), .. replicas is null
            ? [] : new[] { replicas }])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["PATH"] = $"{_folder}:{Environment.GetEnvironmentVariable("PATH")}",
                ["AZURE_RESOURCE_GROUP"] = "rg-test" },
        };
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken)
            + await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, File.Exists(calls)
            ? await File.ReadAllLinesAsync(calls, TestContext.Current.CancellationToken) : [], output);
    }

    private async Task WriteToolAsync(string name, string script)
    {
        var path = Path.Combine(_folder, name);
        await File.WriteAllTextAsync(path, $"#!/bin/sh\n{script}\n", TestContext.Current.CancellationToken);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path,
            UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.UserWrite);
    }
}
