using System.CommandLine;
using Fulfillment.Surge;
using Fulfillment.Surge.Bench;
using Fulfillment.Surge.Bench.Dispatch;
using Fulfillment.Surge.Bench.Growth;
using Fulfillment.Surge.Bench.Intake;
using Fulfillment.Surge.Bench.Start;
using Fulfillment.Surge.Chaos;
using Fulfillment.Surge.Matrix;
using Fulfillment.Surge.Simulate;
using Fulfillment.Surge.Target;

// The library's own two seconds would cut a stop short and leave the cluster's folder behind.
var patience = new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(40) };

return await new RootCommand("Surge: the tenfold day, tried before it comes.")
{
    UpCommand.Create(),
    RunCommand.Create(),
    MatrixCommand.Create(),
    ChaosCommand.Create(),
    TargetCommand.Create(),
    SimulateCommand.Create(),
    new Command("bench", "Benchmarks: every claim of speed or quality, measured here.")
    {
        PlannerBench.Create(), IntakeBench.Create(), AvailabilityBench.Create(), GrowthBench.Create(),
        StartBench.Create(), DispatchBench.Create(),
    },
}.Parse(args).InvokeAsync(patience);
