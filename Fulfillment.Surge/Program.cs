using System.CommandLine;
using Fulfillment.Surge.Bench;

return await new RootCommand("Surge") { new Command("bench", "Benchmarks") { PlannerBench.Create() } }
    .Parse(args).InvokeAsync();
