using System.CommandLine;
using Fulfillment.Surge.Simulate;

return await new RootCommand("Surge: the tenfold day, tried before it comes.") { SimulateCommand.Create() }
    .Parse(args).InvokeAsync();
