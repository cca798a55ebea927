namespace Fulfillment.Surge.Chaos;

/// <summary>One fault after the other upon a system in use; after each the wait until nothing of it is left.</summary>
internal sealed class Storm(ChaosWorld world, IReadOnlyList<FaultKind> kinds)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(1);

    private readonly ChaosSettings _settings = world.Settings;
    private readonly TimeProvider _clock = world.Clock;

    /// <summary>
    /// Strikes what the script says after the rows that are there already, and adds a row for each; false when the
    /// system did not come back from one.
    /// </summary>
    internal async Task<bool> BlowAsync(
        List<FaultRow> rows, Func<IReadOnlyList<FaultRow>, Task> keep, CancellationToken cancellation)
    {
        var byName = kinds.ToDictionary(kind => kind.Name, StringComparer.Ordinal);
        var begun = _clock.GetTimestamp();
        foreach (var fault in Script.Draw(_settings.Seed, [.. kinds.Select(kind => kind.Name)]).Skip(rows.Count))
        {
            if (rows.Count >= _settings.Faults || _clock.GetElapsedTime(begun) > _settings.Length) return true;
            var row = await StrikeAsync(byName[fault.Kind], fault, cancellation);
            rows.Add(row);
            await keep(rows);
            Say(row);
            if (row.RecoverySeconds is null) return false;
            await Task.Delay(Calm, _clock, cancellation);
        }

        return true;
    }

    /// <summary>Returns when all is well; false when it was not after the limit of patience.</summary>
    internal async Task<bool> UntilWellAsync(long since, CancellationToken cancellation)
    {
        while (!IsWell(since))
        {
            if (_clock.GetElapsedTime(since) > ChaosSettings.GiveUpAfter) return false;
            await Task.Delay(Look, _clock, cancellation);
        }

        return true;
    }

    private async Task<FaultRow> StrikeAsync(FaultKind kind, PlannedFault fault, CancellationToken cancellation)
    {
        world.Probe.Clear();
        var strike = new Strike(fault, _clock);
        var begun = _clock.GetTimestamp();
        await kind.Strike(world, strike, cancellation);
        var ended = strike.EndedAt;
        var well = await UntilWellAsync(ended, cancellation);
        var recovery = _clock.GetElapsedTime(ended).TotalSeconds;
        world.Watch.ExpectNothing();
        if (!well) world.Watch.Complain($"fault {fault.No}, {fault.Kind} on {strike.On}: {Missing(ended)}");

        var answers = world.Probe.Since(begun);
        var others = answers.Where(answer => !strike.Silenced.Contains(answer.Replica)).ToList();
        var bad = others.Where(answer => answer.Status == 0
            || (answer.Status >= 500 && !(answer is { Status: 503, RetryAfter: true, Body: true }))).ToList();
        foreach (var kindOfBad in bad.GroupBy(answer => (answer.Replica, answer.Word)))
            world.Watch.Complain(
                $"fault {fault.No}, {fault.Kind} on {strike.On}: {kindOfBad.Count()} x {kindOfBad.Key.Word} of "
                + kindOfBad.Key.Replica);
        return new FaultRow
        {
            No = fault.No,
            Kind = fault.Kind,
            On = strike.On,
            FaultSeconds = Math.Round(Math.Max(0, _clock.GetElapsedTime(begun, ended).TotalSeconds), 2),
            RecoverySeconds = well ? Math.Round(recovery, 2) : null,
            BoundSeconds = kind.Bound(_settings).TotalSeconds,
            OutageSeconds = Outage(begun),
            Statuses = answers.CountBy(answer => answer.Word)
                .OrderBy(count => count.Key, StringComparer.Ordinal).ToDictionary(),
            BadAnswers = bad.Count,
            AnswerSecondsMax = others.Count == 0 ? 0 : Math.Round(
                others.Max(answer => _clock.GetElapsedTime(answer.SentAt, answer.AnsweredAt).TotalSeconds), 2),
            UnreadyReadings = world.Probe.HealthSince(begun)
                .Count(reading => reading.Status != 200 && !strike.Silenced.Contains(reading.Replica)),
        };
    }

    private double? Outage(long begun)
    {
        var planned = world.Probe.PlannedAt.Where(probe => probe.Key >= begun).Select(probe => probe.Value).ToList();
        return planned.Count == 0 ? null : Math.Round(_clock.GetElapsedTime(begun, planned.Min()).TotalSeconds, 2);
    }

    private bool IsWell(long since) => Missing(since).Length == 0;

    /// <summary>What is not well since the moment, in words; empty when all is.</summary>
    private string Missing(long since)
    {
        var words = new List<string>();
        words.AddRange(world.System.Children.Where(child => !child.Running).Select(child => $"{child.Name} is down"));
        var answers = world.Probe.Since(since);
        words.AddRange(world.System.Orders
            .Where(orders => !answers.Any(answer => answer.Good && answer.Replica == orders.Name))
            .Select(orders => $"{orders.Name} has taken no order"));
        if (!world.Probe.PlannedAt.Keys.Any(sent => sent >= since)) words.Add("no order came to a tour");
        if (world.Probe.UnplannedBefore(since) is > 0 and var open) words.Add($"{open} orders wait for a tour");
        words.AddRange(world.Probe.Unhealthy.Select(name => $"{name} is not ready"));
        if (world.Probe.HealthSince(since).Select(reading => reading.Replica).Distinct().Count()
            < world.System.Children.Count(child => child.Url is not null)) words.Add("not every service was asked");
        return string.Join("; ", words);
    }

    private static void Say(FaultRow row)
    {
        var recovery = row.RecoverySeconds is { } seconds ? $"{seconds,6:0.0} s of {row.BoundSeconds:0}" : "never";
        var statuses = string.Join(", ", row.Statuses.Select(status => $"{status.Value} x {status.Key}"));
        Console.WriteLine(
            $"{row.No,4} {row.Kind,-24} {recovery}; {statuses}; {row.BadAnswers} bad, "
            + $"{row.UnreadyReadings} unready; {row.On}");
    }
}
