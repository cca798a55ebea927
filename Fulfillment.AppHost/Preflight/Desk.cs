using System.Globalization;
using Fulfillment.Autoscaling.Rules;
using Microsoft.Extensions.Configuration;

namespace Fulfillment.AppHost.Preflight;

/// <summary>
/// What this machine can give the app model, found out before there is one: a resource that can never start waits for
/// ever, a fault here ends the program with one line. Nothing in this folder knows Aspire.
/// </summary>
internal abstract record Desk
{
    /// <summary>Orders in one plan of a Picking replica; the scale rule is checked against it.</summary>
    internal const int PoolOrdersMax = 100;

    /// <summary>Processes that one desk carries, unless <c>Picking:ReplicasMax</c> says otherwise.</summary>
    internal const int DefaultReplicasMax = 8;

    /// <summary>Said to <c>aspire publish</c> and <c>aspire deploy</c>.</summary>
    internal const string NotPublished =
        "This app model is for a desk and is not published. The cloud is described in infra/bicep: run `azd up` "
        + "(docs/DEPLOY.md).";

    private Desk() { }

    /// <param name="Stores">How Postgres and Redis run.</param>
    /// <param name="Scaling">The deployed rule for Picking, its maximum cut to what a desk carries.</param>
    /// <param name="Compress">By how much the rule's times are shortened; 1 is the deployed rule.</param>
    /// <param name="Kept">Where the stores' data outlives the AppHost; null for a fresh system.</param>
    internal sealed record Ready(StoreHosting Stores, ScaleSpec Scaling, double Compress, string? Kept) : Desk
    {
        /// <summary>Orders a replica that the rule aims at; the dispatch keeps the stream that deep.</summary>
        internal long StreamLength => Scaling.Rules.OfType<RedisStreamsRule>()
            .First(rule => rule.Measure == StreamMeasure.Length).Target;
    }

    /// <param name="Fault">One line that names what is missing and what to do.</param>
    internal sealed record Unfit(string Fault) : Desk;

    /// <summary>Looks at everything once; the first fault is the answer.</summary>
    /// <param name="settings">The AppHost's configuration: arguments, environment, appsettings.</param>
    /// <param name="root">The folder of the solution.</param>
    /// <param name="places">Folders that may hold the servers' programs.</param>
    /// <param name="cancellation">Ends the look at the container engines.</param>
    internal static async Task<Desk> InspectAsync(
        IConfiguration settings, string root, IEnumerable<string> places, CancellationToken cancellation)
    {
        if (AskedPorts.FaultIn(settings) is { } portFault) return new Unfit(portFault);

        if (!TryNumber(settings, "Picking:ReplicasMax", DefaultReplicasMax, out var replicasMax))
            return new Unfit($"Picking:ReplicasMax: '{settings["Picking:ReplicasMax"]}' is no number from 1 up.");
        if (!TryNumber(settings, "Autoscaling:Compress", 1, out var compress))
            return new Unfit($"Autoscaling:Compress: '{settings["Autoscaling:Compress"]}' is no number from 1 up.");

        if (!bool.TryParse(settings["Stores:Keep"] ?? "false", out var keep))
            return new Unfit($"Stores:Keep: '{settings["Stores:Keep"]}' is neither true nor false.");

        var rulesPath = settings["Autoscaling:Rules"] ?? Path.Combine(root, "infra", "bicep", "scale-rules.json");
        // A desk is no environment: it has announced nothing unless one of their files is named.
        var windows = settings["Autoscaling:Windows"] is { } path ? Path.GetFullPath(path, root) : null;
        var rules = await ScaleRulesFile.ReadAsync(rulesPath, windows, cancellation);
        if (rules is ScaleRulesReading.Invalid invalid) return new Unfit(string.Join(" ", invalid.Faults));
        if (!((ScaleRulesReading.Valid)rules).Apps.TryGetValue("picking", out var picking))
            return new Unfit($"{rulesPath}: has no rules for 'picking'.");
        if (!picking.Rules.Any(rule => rule is RedisStreamsRule { Measure: StreamMeasure.Length }))
            return new Unfit($"{rulesPath}: 'picking' has no redis-streams rule with a streamLength.");
        if (picking.FaultsAgainstPool(PoolOrdersMax) is [var tooShort, ..])
            return new Unfit($"{rulesPath}: {tooShort}");
        var scaling = picking with { MaxReplicas = Math.Min(picking.MaxReplicas, (int)replicasMax) };
        if (scaling.MinReplicas > scaling.MaxReplicas)
            return new Unfit($"Picking:ReplicasMax: {replicasMax} is less than the rule's minReplicas.");

        var stores = await StoreHosting.ChooseAsync(settings, places, cancellation);
        return stores is StoreHosting.Nowhere nowhere
            ? new Unfit(nowhere.Fault)
            : new Ready(stores, scaling, compress, keep ? Path.Combine(root, "artifacts", "data") : null);
    }

    private static bool TryNumber(IConfiguration settings, string name, double absent, out double number)
    {
        number = absent;
        return settings[name] is not { } text
            || (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number)
                && number is >= 1 and <= int.MaxValue);
    }
}
