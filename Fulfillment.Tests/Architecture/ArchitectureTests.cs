using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Xunit;

namespace Fulfillment.Tests.Architecture;

public sealed partial class ArchitectureTests
{
    public const int FileLinesMax = 300;
    public const int LineLengthMax = 120;
    // Tables of cases read better unbroken.
    public const int LineLengthInTestsMax = 200;

    // One type of each assembly.
    private static readonly Type[] InTheProduct =
    [
        typeof(Fulfillment.Orders.OrderCommand), typeof(Fulfillment.Picking.PickingSettings), typeof(Fulfillment.Planning.Plan),
        typeof(Fulfillment.Contracts.EventKinds), typeof(Fulfillment.ServiceDefaults.Problems),
    ];

    private static readonly string[] NamesThatSayNothing =
        ["Services", "Helpers", "Managers", "Common", "Utils", "Utilities", "Misc", "Shared"];

    /// <summary>Their folders, from the root.</summary>
    public static TheoryData<string> Projects =>
        [.. Directory.GetDirectories(RepositoryRoot.Path, "Fulfillment.*").Select(Relative), Path.Combine("benchmarks", "Bench")];

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_knows_only_what_the_design_allows(string project)
    {
        var file = Directory.GetFiles(Path.Combine(RepositoryRoot.Path, project), "*.csproj").Single();
        Assert.Empty(DependencyRules.Violations(Path.GetFileNameWithoutExtension(file), XDocument.Load(file)));
    }

    [Theory]
    [InlineData("Fulfillment.Orders", "../Fulfillment.Picking/Fulfillment.Picking.csproj")]
    [InlineData("Fulfillment.Orders", "../Fulfillment.Planning/Fulfillment.Planning.csproj")]
    [InlineData("Fulfillment.Picking", "../Fulfillment.Orders/Fulfillment.Orders.csproj")]
    [InlineData("Fulfillment.Planning", "../Fulfillment.Contracts/Fulfillment.Contracts.csproj")]
    [InlineData("Fulfillment.Contracts", "../Fulfillment.ServiceDefaults/Fulfillment.ServiceDefaults.csproj")]
    [InlineData("Fulfillment.ServiceDefaults", "../Fulfillment.Contracts/Fulfillment.Contracts.csproj")]
    [InlineData("Fulfillment.Autoscaling", "../Fulfillment.Picking/Fulfillment.Picking.csproj")]
    [InlineData("Fulfillment.Surge", "../Fulfillment.Orders/Fulfillment.Orders.csproj")]
    [InlineData("Fulfillment.Hosting", "../Fulfillment.Contracts/Fulfillment.Contracts.csproj")]
    [InlineData("Fulfillment.Orders", "../Fulfillment.Hosting/Fulfillment.Hosting.csproj")]
    [InlineData("Fulfillment.Picking", "../Fulfillment.Hosting/Fulfillment.Hosting.csproj")]
    [InlineData("Fulfillment.Planning", "../benchmarks/Bench/Fulfillment.Bench.csproj")]
    [InlineData("Fulfillment.Surge", "../benchmarks/Bench/Fulfillment.Bench.csproj")]
    [InlineData("Fulfillment.Bench", "../../Fulfillment.Orders/Fulfillment.Orders.csproj")]
    public void The_rule_is_seen_to_fail_on_a_forbidden_reference(string project, string reference)
    {
        var planted = new XDocument(new XElement("Project",
            new XElement("ProjectReference", new XAttribute("Include", reference))));
        Assert.Single(DependencyRules.Violations(project, planted));
    }

    [Theory]
    [InlineData("Fulfillment.Planning")]
    [InlineData("Fulfillment.Contracts")]
    public void The_rule_is_seen_to_fail_on_a_package_in_a_pure_project(string project)
    {
        var planted = new XDocument(new XElement("Project",
            new XElement("PackageReference", new XAttribute("Include", "Npgsql"))));
        Assert.Single(DependencyRules.Violations(project, planted));
    }

    [Theory]
    [InlineData("Fulfillment.Orders", "Fulfillment.Picking")]
    [InlineData("Fulfillment.Picking", "Fulfillment.Orders")]
    public void A_service_reads_and_writes_no_table_of_the_other(string service, string other)
    {
        var own = TablesOf(service);
        var foreign = TablesOf(other).Except(own).ToList();
        Assert.NotEmpty(foreign);
        Assert.All(SourcesOf(service), file =>
            Assert.Empty(DependencyRules.ForeignTables(File.ReadAllText(file), foreign)));
    }

    [Fact]
    public void The_rule_is_seen_to_fail_on_a_foreign_table() =>
        Assert.Equal(["tours"], DependencyRules.ForeignTables("SELECT 1 FROM tours WHERE true", ["tours", "tasks"]));

    [Fact]
    public void One_name_in_the_services_and_what_is_under_them_is_one_thing() =>
        Nothing(SameNames(InTheProduct.SelectMany(type => type.Assembly.GetTypes())));

    [Fact]
    public void The_rule_is_seen_to_fail_on_a_name_of_two_things() => Assert.Single(SameNames(
        [typeof(Fulfillment.Planning.Tour), typeof(Planted.Tour), typeof(ArchitectureTests)]));

    [Fact]
    public void What_starts_processes_knows_nothing_of_their_business() =>
        Assert.All(SourcesOf("Fulfillment.Hosting"), file =>
            Assert.Empty(DependencyRules.BusinessWords(File.ReadAllText(file))));

    [Theory]
    [InlineData("public Child AddPickingReplica() => ...", "Picking")]
    [InlineData("var url = OrdersUrl;", "Orders")]
    public void The_rule_is_seen_to_fail_on_a_word_of_the_business(string planted, string word) =>
        Assert.Equal([word], DependencyRules.BusinessWords(planted));

    [Fact]
    public void No_folder_has_a_name_that_says_nothing() =>
        Assert.DoesNotContain(SourceFolders(), folder => NamesThatSayNothing.Contains(Path.GetFileName(folder)));

    [Fact]
    public void No_source_file_is_longer_than_a_reader_can_hold() =>
        Nothing(AllSources()
            .Select(file => (Where: Relative(file), Lines: File.ReadLines(file).Count()))
            .Where(file => file.Lines > FileLinesMax)
            .Select(file => $"{file.Where} has {file.Lines} lines"));

    [Fact]
    public void No_line_is_longer_than_the_window() =>
        Nothing(AllSources().SelectMany(file => File.ReadLines(file)
            .Select((line, index) => (Where: $"{Relative(file)}:{index + 1}", line.Length))
            .Where(line => line.Length >
                (line.Where.StartsWith("Fulfillment.Tests", StringComparison.Ordinal) ? LineLengthInTestsMax : LineLengthMax))
            .Select(line => $"{line.Where} has {line.Length} characters")));

    [GeneratedRegex(@"CREATE TABLE (?:IF NOT EXISTS )?(\w+)")]
    private static partial Regex CreatedTable();

    private static IEnumerable<string> SameNames(IEnumerable<Type> types) => types
        .Where(type => !type.IsNested && !type.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false))
        .Where(type => type.Namespace?.StartsWith(nameof(Fulfillment), StringComparison.Ordinal) == true)
        .GroupBy(type => type.Name, StringComparer.Ordinal)
        .Where(name => name.Count() > 1)
        .Select(name => $"{name.Key} is {string.Join(" and ", name.Select(type => type.FullName))}");

    private static void Nothing(IEnumerable<string> violations)
    {
        var found = violations.ToList();
        Assert.True(found.Count == 0, string.Join(Environment.NewLine, found));
    }

    private static string Relative(string file) => Path.GetRelativePath(RepositoryRoot.Path, file);

    private static List<string> TablesOf(string service) =>
        [.. Directory.GetFiles(Path.Combine(RepositoryRoot.Path, service, "Migrations"), "*.sql")
            .SelectMany(file => CreatedTable().Matches(File.ReadAllText(file)))
            .Select(match => match.Groups[1].Value)];

    private static IEnumerable<string> SourceFolders() =>
        Projects.Select(project => Path.Combine(RepositoryRoot.Path, project.Data))
            .SelectMany(project => Directory.GetDirectories(project, "*", SearchOption.AllDirectories))
            .Where(folder => !folder.Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj"));

    private static IEnumerable<string> SourcesOf(string project) =>
        Directory.GetFiles(Path.Combine(RepositoryRoot.Path, project), "*.cs", SearchOption.AllDirectories);

    private static IEnumerable<string> AllSources() => Projects.Select(project => project.Data).SelectMany(SourcesOf);
}
