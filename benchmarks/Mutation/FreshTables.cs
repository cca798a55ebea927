using System.Reflection;
using Fulfillment.Planning.Routing;
using Fulfillment.PlanningTests;
using Xunit;

[assembly: AssemblyFixture(typeof(FreshTables))]

namespace Fulfillment.PlanningTests;

/// <summary>
/// Stryker asks one process about one mutant after another, and the tables of <see cref="Frontier"/> outlive a run: a
/// mutant in them would do nothing, or go on under the name of the next. Every run therefore works them out anew.
/// </summary>
public sealed class FreshTables
{
    public FreshTables()
    {
        var tables = typeof(Frontier).GetField("Cache", BindingFlags.NonPublic | BindingFlags.Static)!;
        Array.Clear((Array)tables.GetValue(null)!);
    }
}
