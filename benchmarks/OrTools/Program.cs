using System.Globalization;
using System.Text;
using Fulfillment.Bench.Formats;
using Fulfillment.OrTools;
using Fulfillment.Planning;

// Compares the planner at a budget with OR-Tools at a time limit and with savings alone, in the same run and on the
// same files: a sample spread evenly over the files of each set, ordered by size and capacity.
// Arguments: DIR [files=60] [OR-Tools seconds=10] [units=0: what this machine does in a second] [seed=1]
if (args.Length == 0 || !Directory.Exists(args[0]))
{
    Console.Error.WriteLine("usage: DIR [files=60] [seconds=10] [units=0 (calibrated 1s)] [seed=1]");
    return 2;
}

int Number(int at, int otherwise) =>
    args.Length > at ? int.Parse(args[at], CultureInfo.InvariantCulture) : otherwise;
var (files, seconds, seed) = (Number(1, 60), Number(2, 10), (ulong)Number(4, 1));
string[] sets = ["henn-waescher", "muter-oncan"];
var instances = sets
    .SelectMany(set => new DirectoryInfo(Path.Combine(args[0], set)).EnumerateFiles("*.txt"))
    .Select(file => (File: file, Read: HennWaescherFormat.Read(File.ReadAllLines(file.FullName, Encoding.Latin1))))
    .Where(x => x.Read is InstanceOutcome.Read)
    .Select(x => (x.File, ((InstanceOutcome.Read)x.Read).Problem))
    .OrderBy(x => x.File.Directory!.Name, StringComparer.Ordinal)
    .ThenBy(x => x.Problem.Cart.LoadMax).ThenBy(x => x.Problem.Orders.Count)
    .ThenBy(x => x.File.Name, StringComparer.Ordinal)
    .ToArray();
files = Math.Min(files, instances.Length);
if (files == 0) return 1;
var sample = Enumerable.Range(0, files).Select(i => instances[(int)((i + 0.5) * instances.Length / files)]).ToArray();
var units = Number(3, 0) is var given && given > 0 ? given : Calibrated(instances[instances.Length / 2].Problem);
Console.Error.WriteLine($"{files} of {instances.Length} files, OR-Tools {seconds} s, ours {units} units, seed {seed}");
Console.WriteLine("file,orders,distance,seconds,units,baseline,ortools,returned,savings");
var (lessThanPeer, lessThanReturned, lessThanSavings) = (0.0, 0.0, 0.0);
foreach (var (file, problem) in sample)
{
    var start = TimeProvider.System.GetTimestamp();
    var plan = Plan(problem, new Budget(units), seed);
    var took = TimeProvider.System.GetElapsedTime(start).TotalSeconds;
    var savings = Plan(problem, Budget.Constructive, seed).Distance.Metres;
    var baseline = ((PlanningOutcome.Planned)BaselinePlanner.Plan(problem)).Plan.Distance.Metres;
    var (peerMm, returnedMm) = RoutingPeer.Plan(problem, seconds);
    var (peer, returned) = (peerMm / 1000.0, returnedMm / 1000.0);
    var ours = plan.Distance.Metres;
    lessThanPeer += 100 * (1 - ours / peer) / files;
    lessThanReturned += 100 * (1 - ours / returned) / files;
    lessThanSavings += 100 * (1 - ours / savings) / files;
    Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{file.Directory!.Name}/{file.Name},{problem.Orders.Count},{ours},{took:0.###},{plan.UnitsSpent},{baseline},"
        + $"{peer},{returned},{savings}"));
}

Console.Error.WriteLine(string.Create(
    CultureInfo.InvariantCulture,
    $"less than OR-Tools {lessThanPeer:0.00} % (goal 4.5), than the solution it returns {lessThanReturned:0.00} %,"
    + $" than savings {lessThanSavings:0.00} % (goal 5.5)"));
return 0;

static Plan Plan(PlanningProblem problem, Budget budget, ulong seed) =>
    ((PlanningOutcome.Planned)OptimizedPlanner.Plan(problem, budget, seed)).Plan;

static int Calibrated(PlanningProblem problem)
{
    Plan(problem, new Budget(20_000_000), 1);
    var start = TimeProvider.System.GetTimestamp();
    var spent = Plan(problem, new Budget(30_000_000), 2).UnitsSpent;
    return (int)(spent / TimeProvider.System.GetElapsedTime(start).TotalSeconds);
}
