using System.CommandLine;
using Fulfillment.Surge;
using Fulfillment.Surge.Bench;
using Fulfillment.Surge.Simulate;

return await new RootCommand("Surge: the tenfold day, tried before it comes.")
{
    UpCommand.Create(),
    RunCommand.Create(),
    SimulateCommand.Create(),
    new Command("bench", "Benchmarks: every claim of speed or quality, measured here.") { PlannerBench.Create() },
}.Parse(args).InvokeAsync();
