using System.CommandLine;
using Fulfillment.Bench;
using Fulfillment.Bench.Dispatch;
using Fulfillment.Bench.Growth;
using Fulfillment.Bench.Intake;
using Fulfillment.Bench.Planner;
using Fulfillment.Bench.Start;

// The library's own two seconds would cut a stop short and leave the cluster's folder behind.
var patience = new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(40) };

return await new RootCommand("Bench: every claim of speed or quality, measured here.")
{
    PlannerBench.Create(), IntakeBench.Create(), AvailabilityBench.Create(), GrowthBench.Create(),
    StartBench.Create(), DispatchBench.Create(),
}.Parse(args).InvokeAsync(patience);
