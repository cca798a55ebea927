using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Fulfillment.Hosting;
using Fulfillment.ServiceDefaults;
using Xunit;

namespace Fulfillment.Tests.Infra;

/// <summary>
/// Looks into what publishing makes of the services. It trims as for a native binary, by the same switches, and leaves
/// the strings where they can be read: the native compiler packs them.
/// </summary>
public sealed class TrimmedFaultsTests
{
    // What every setting of a fault on purpose begins with, as a string stands in an assembly.
    private static readonly byte[] FaultSetting = Encoding.Unicode.GetBytes("Fault:");

    [Theory]
    [InlineData("Fulfillment.Orders")]
    [InlineData("Fulfillment.Picking")]
    public async Task No_setting_can_make_a_published_service_fail_on_purpose(string project)
    {
        var published = await PublishAsync(project);

        Assert.Contains("Fulfillment.ServiceDefaults.dll", WithFaults(BuildOutput.Folder(project))); // what is looked for can be seen
        Assert.True(File.Exists(Path.Combine(published, $"{project}.dll")));
        Assert.Empty(WithFaults(published));
    }

    [Fact]
    public void Faults_are_on_in_tests() => Assert.True(FaultSwitches.On);

    private static string[] WithFaults(string folder) =>
        [.. Directory.GetFiles(folder, "Fulfillment.*.dll").Where(file =>
            File.ReadAllBytes(file).AsSpan().IndexOf(FaultSetting) >= 0).Select(file => Path.GetFileName(file)!)];

    // Into a tree of its own: other tests run what was built.
    private static async Task<string> PublishAsync(string project)
    {
        var rid = RuntimeInformation.RuntimeIdentifier;
        var artifacts = Path.Combine(Bicep.Root, "artifacts", "trimmed");
        var start = new ProcessStartInfo("dotnet",
        [
            "publish", Path.Combine(Bicep.Root, project), "-c", "Release", "-r", rid, "--artifacts-path", artifacts,
            "-p:PublishAot=false", "-p:PublishTrimmed=true", "-p:SelfContained=true", "-v", "quiet", "-nodeReuse:false",
        ])
        { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, output);
        return Path.Combine(artifacts, "publish", project, $"release_{rid}");
    }
}
