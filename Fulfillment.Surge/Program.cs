using System.CommandLine;
using Fulfillment.Surge;
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
}.Parse(args).InvokeAsync(patience);
