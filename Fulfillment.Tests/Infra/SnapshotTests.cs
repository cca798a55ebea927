using Xunit;

namespace Fulfillment.Tests.Infra;

/// <summary>The sources compile without a word, always to the same, and to what is committed.</summary>
public sealed class SnapshotTests
{
    [Fact]
    public async Task The_sources_lint_without_a_single_diagnostic()
    {
        var (exitCode, output, error) = await Bicep.RunAsync("lint", Path.Combine(Bicep.Folder, "main.bicep"));

        Assert.Equal((0, "", ""), (exitCode, output, error));
    }

    [Theory]
    [InlineData("allowInsecure: false", "allowInsecure: false, secure: true", "BCP037")] // a property nobody knows
    [InlineData("targetPort: port", "targetPort: '8080'", "BCP036")] // a wrong type
    public async Task A_wrong_property_shows_in_the_lint(string right, string wrong, string code)
    {
        var copy = Bicep.Copy();
        try
        {
            await ReplaceAsync(Path.Combine(copy, "modules", "orders.bicep"), right, wrong);

            var (_, _, error) = await Bicep.RunAsync("lint", Path.Combine(copy, "main.bicep"));

            Assert.Contains(code, error, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }

    [Fact]
    public async Task Building_twice_gives_the_same_bytes()
    {
        var first = await Bicep.RunAsync("build", Path.Combine(Bicep.Folder, "main.bicep"), "--stdout");
        var second = await Bicep.RunAsync("build", Path.Combine(Bicep.Folder, "main.bicep"), "--stdout");

        Assert.Equal((0, ""), (first.ExitCode, first.Error));
        Assert.NotEmpty(first.Output);
        Assert.Equal(first.Output, second.Output);
    }

    // After a change that was meant: bicep snapshot infra/bicep/dev.bicepparam --mode overwrite (docs/DEPLOY.md).
    [Theory]
    [InlineData("dev")]
    [InlineData("prod")]
    public async Task What_the_sources_expand_to_is_what_is_committed(string size)
    {
        var (exitCode, output, error) = await Bicep.SnapshotAsync(Bicep.Folder, size, "validate");

        Assert.True(exitCode == 0, $"{size} expands to something else than {size}.snapshot.json:\n{output}\n{error}");
        Assert.Empty(Bicep.Committed(size).Json["diagnostics"]!.AsArray());
    }

    [Fact]
    public async Task A_changed_source_does_not_pass_for_the_committed_snapshot()
    {
        var copy = Bicep.Copy();
        try
        {
            await ReplaceAsync(Path.Combine(copy, "scale-rules.json"), "\"maxReplicas\": 30", "\"maxReplicas\": 31");

            var (exitCode, _, _) = await Bicep.SnapshotAsync(copy, "prod", "validate");

            Assert.NotEqual(0, exitCode);
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }

    [Theory]
    [InlineData("param environmentName = 'fulfillment-dev'",
        "param environmentName = 'a-name-that-is-longer-than-forty-letters-can-be'", "BCP332")]
    // not among the allowed
    [InlineData("readEnvironmentVariable('AZURE_LOCATION', 'westeurope')", "'atlantis'", "BCP033")]
    [InlineData("param size = 'dev'", "param size = 'huge'", "BCP033")]
    [InlineData("param floorKey = readEnvironmentVariable('FLOOR_KEY')", "", "BCP258")] // missing
    [InlineData("readEnvironmentVariable('FLOOR_KEY')", "readEnvironmentVariable('NOT_SET_ANYWHERE')", "BCP427")]
    [InlineData("readEnvironmentVariable('FLOOR_KEY')", "'short'", "BCP333")]
    public async Task A_wrong_parameter_is_refused_before_anything_is_created(string right, string wrong, string code)
    {
        var copy = Bicep.Copy();
        try
        {
            await ReplaceAsync(Path.Combine(copy, "dev.bicepparam"), right, wrong);

            var (exitCode, _, error) = await Bicep.SnapshotAsync(copy, "dev", "overwrite");

            Assert.NotEqual(0, exitCode);
            Assert.Contains(code, error, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }

    private static async Task ReplaceAsync(string file, string right, string wrong)
    {
        var text = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
        Assert.Contains(right, text, StringComparison.Ordinal);
        await File.WriteAllTextAsync(file, text.Replace(right, wrong, StringComparison.Ordinal),
            TestContext.Current.CancellationToken);
    }
}
