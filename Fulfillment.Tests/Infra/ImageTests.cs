using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Xunit;

namespace Fulfillment.Tests.Infra;

/// <summary>What `dotnet publish -t:PublishContainer` would be told, read from the build itself; and azure.yaml
/// beside it.</summary>
public sealed partial class ImageTests
{
    [Theory]
    [InlineData("Orders")]
    [InlineData("Picking")]
    public async Task An_image_is_native_chiseled_and_not_root(string service)
    {
        var properties = await PropertiesAsync($"Fulfillment.{service}");

        Assert.Equal("true", (string?)properties["PublishAot"]);
        Assert.Equal("linux-x64", (string?)properties["ContainerRuntimeIdentifier"]);
        Assert.Equal("mcr.microsoft.com/dotnet/runtime-deps:10.0-noble-chiseled-extra",
            (string?)properties["ContainerBaseImage"]);
        Assert.Equal("app", (string?)properties["ContainerUser"]);
        Assert.Equal($"fulfillment-{service.ToLowerInvariant()}", (string?)properties["ContainerRepository"]);
    }

    [Fact]
    public void Azd_deploys_what_the_bicep_tags_as_its_services()
    {
        var yaml = File.ReadAllText(Path.Combine(Bicep.Root, "azure.yaml"));
        var services = ServiceLine().Matches(yaml).Select(match => match.Groups["name"].Value).Order();
        var tagged = Bicep.Committed("prod").OfType("Microsoft.App/containerApps").Select(app =>
            (string)app["tags"]!["azd-service-name"]!).Order();

        Assert.Equal(tagged, services);
        Assert.All(Bicep.Committed("prod").OfType("Microsoft.App/containerApps"),
            app => Assert.Contains($"apiVersion: \"{app["apiVersion"]}\"", yaml, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_parameter_that_azd_fills_in_is_one_of_the_template()
    {
        var bicep = File.ReadAllText(Path.Combine(Bicep.Folder, "main.bicep"));
        var declared = Parameter().Matches(bicep).Select(match => match.Groups["name"].Value).ToHashSet();
        var filled = JsonNode.Parse(File.ReadAllText(Path.Combine(Bicep.Folder,
            "main.parameters.json")))!["parameters"]!
            .AsObject().Select(one => one.Key).ToHashSet();

        // The API keys are not filled in: azd generates them.
        Assert.Equal(["floorKey", "operatorKey", "serviceKey"], declared.Except(filled).Order());
        Assert.Empty(filled.Except(declared));
    }

    private static async Task<JsonObject> PropertiesAsync(string project)
    {
        var start = new ProcessStartInfo("dotnet",
        [
            "msbuild", Path.Combine(Bicep.Root, project, $"{project}.csproj"), "-nodeReuse:false",
                "-p:Configuration=Release",
            "-getProperty:PublishAot,ContainerRuntimeIdentifier,ContainerBaseImage,ContainerUser,ContainerRepository",
        ])
        { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, process.ExitCode);
        return JsonNode.Parse(output)!["Properties"]!.AsObject();
    }

    [GeneratedRegex(@"^  (?<name>\w+):\n    project:", RegexOptions.Multiline)]
    private static partial Regex ServiceLine();

    [GeneratedRegex(@"^param (?<name>\w+) ", RegexOptions.Multiline)]
    private static partial Regex Parameter();
}
