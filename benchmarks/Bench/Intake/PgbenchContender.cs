using System.Globalization;
using System.Text.RegularExpressions;
using Fulfillment.Hosting;
using Npgsql;

namespace Fulfillment.Bench.Intake;

/// <summary>
/// pgbench with the same rows, one order a transaction: what the database can do when nobody groups, without HTTP,
/// authentication, JSON, idempotent answers or a sold-out path. Prepared statements; the best number of clients.
/// </summary>
internal sealed partial class PgbenchContender(
    string name, string database, string script, string folder, NpgsqlConnectionStringBuilder connection)
    : Contender(name, database)
{
    private static readonly int[] ClientCounts = [4, 8, 16, 32];
    private const double LogShare = 0.05;

    private readonly Dictionary<string, int> _best = [];
    private int _trial = ClientCounts[0];

    internal override async Task TuneAsync(string @case, Func<Contender, Task<IntakeRun>> trial)
    {
        var (best, clients) = (0.0, _trial);
        foreach (var count in ClientCounts)
        {
            _trial = count;
            var run = await trial(this);
            if (run.PerSecond > best) (best, clients) = (run.PerSecond, count);
        }

        _best[@case] = clients;
    }

    internal override string Setting(string @case) => $"{Clients(@case)} clients";

    internal override async Task<IntakeRun> RunAsync(
        string @case, string prefix, TimeSpan warmUp, TimeSpan window, CancellationToken cancellation)
    {
        var (file, log) = (Path.Combine(folder, $"{prefix}.sql"), Path.Combine(folder, $"{prefix}.pgbench"));
        await File.WriteAllTextAsync(file, PgbenchScripts.For(script, @case, prefix), cancellation);
        var seconds = Math.Max(1, (int)window.TotalSeconds);
        string[] arguments =
        [
            "-h", connection.Host!, "-p", $"{connection.Port}", "-U", connection.Username!, "-n", "-M", "prepared",
            "-c", $"{Clients(@case)}", "-j", "2", "-T", $"{seconds}", "--max-tries=50", "-f", file,
            "-l", "--log-prefix", log, $"--sampling-rate={LogShare.ToString(CultureInfo.InvariantCulture)}", Database,
        ];
        var begun = CpuMeter.Read();
        var start = Nursery.Bound(Path.Combine(StorePrograms.Postgres, "pgbench"), arguments);
        start.Environment["PGPASSWORD"] = connection.Password;
        var said = await Nursery.RunAsync(start, "", cancellation);
        var (own, others) = CpuMeter.Read().Since(begun);

        var done = long.Parse(Processed().Match(said).Groups[1].Value, CultureInfo.InvariantCulture);
        var perSecond = double.Parse(Rate().Match(said).Groups[1].Value, CultureInfo.InvariantCulture);
        var micros = ReadLog(log);
        var failed = Failed().Match(said).Groups[1].Value;
        return new IntakeRun(
            done, perSecond, At(micros, 0.50), At(micros, 0.99), own * 1000 / Math.Max(1, done),
            others / (seconds * Environment.ProcessorCount),
            failed is "" or "0" ? null : $"{failed} transactions failed");
    }

    private int Clients(string @case) => _best.GetValueOrDefault(@case, _trial);

    // client_id transaction_no time script_no time_epoch time_us, and more with --max-tries.
    private List<long> ReadLog(string prefix)
    {
        var micros = new List<long>();
        foreach (var file in Directory.GetFiles(folder, $"{Path.GetFileName(prefix)}.*"))
        {
            foreach (var line in File.ReadLines(file))
            {
                if (long.TryParse(line.Split(' ')[2], CultureInfo.InvariantCulture, out var time)) micros.Add(time);
            }

            File.Delete(file);
        }

        micros.Sort();
        return micros;
    }

    private static double At(List<long> sorted, double share) =>
        sorted.Count == 0 ? 0 : sorted[(int)(share * (sorted.Count - 1))] / 1000.0;

    [GeneratedRegex(@"number of transactions actually processed: (\d+)")]
    private static partial Regex Processed();

    [GeneratedRegex(@"tps = ([\d.]+) \(without initial connection time\)")]
    private static partial Regex Rate();

    [GeneratedRegex(@"number of failed transactions: (\d+)")]
    private static partial Regex Failed();
}
