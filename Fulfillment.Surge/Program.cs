using System.CommandLine;
using Fulfillment.Surge;
using Fulfillment.Surge.Simulate;

return await new RootCommand("Surge: the tenfold day, tried before it comes.")
{
    UpCommand.Create(),
    RunCommand.Create(),
    SimulateCommand.Create(),
}.Parse(args).InvokeAsync();
