using System.Text;
using Fulfillment.Bench.Formats;
using Fulfillment.Planning;
using Xunit;

namespace Fulfillment.Tests.Bench.Formats;

/// <summary>Instances of the literature, which may be read but not shipped: skipped where they are not beside the
/// project.</summary>
public class PublishedInstances
{
    private static readonly string? Folder = Find();

    public static bool AreAbsent => Folder is null;

    [Theory(Skip = "no shared/data/picking beside the project", SkipWhen = nameof(AreAbsent))]
    [InlineData("bahceci-oncan/Pr_20_1_20_Store1_01.txt", 127_200)]
    [InlineData("bahceci-oncan/Pr_20_1_20_Store1_02.txt", 119_200)]
    [InlineData("foodmart/instances_d5_ord5_MAL.txt", 348_590)]
    [InlineData("foodmart/instances_d5_ord7_MAL.txt", 374_810)]
    [InlineData("sprp/unit_F1_m5_C30_a7_12.txt", 94_000)]
    public void The_published_optimum_is_reached(string file, long optimumMm)
    {
        var lines = File.ReadAllLines(Path.Combine(Folder!, file), Encoding.Latin1);
        var read = lines[0].StartsWith("//", StringComparison.Ordinal)
            ? BriantFormat.Read(lines) : HennWaescherFormat.Read(lines);
        var problem = Assert.IsType<InstanceOutcome.Read>(read).Problem;
        if (file.StartsWith("sprp", StringComparison.Ordinal)) problem = AsOneOrder(problem);

        var plan = Assert.IsType<PlanningOutcome.Planned>(OptimizedPlanner.Plan(problem, new Budget(2_000_000),
            1)).Plan;

        Assert.Empty(PlanVerifier.FaultsIn(problem, plan));
        Assert.Equal(optimumMm, plan.Distance.Value);
    }

    [Fact]
    public void A_file_that_is_no_instance_is_unreadable_and_says_where()
    {
        var unreadable = Assert.IsType<InstanceOutcome.Unreadable>(
            HennWaescherFormat.Read(["NAME : x", "ARTICLE_SECTION", "ID one WEIGHT 1"]));
        Assert.Equal(3, unreadable.Line);
        Assert.IsType<InstanceOutcome.Unreadable>(BriantFormat.Read(["//NbLocations", "no number"]));
    }

    private static PlanningProblem AsOneOrder(PlanningProblem problem) =>
        problem with { Orders = [new PlanningOrder(new OrderKey(1), [.. problem.Orders.SelectMany(o => o.Picks)])] };

    private static string? Find()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            var folder = Path.Combine(at.FullName, "shared", "data", "picking");
            if (Directory.Exists(folder)) return folder;
        }

        return null;
    }
}
