using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;

namespace Fulfillment.AppHost.Operating;

/// <summary>What the surge is sent to, and the keys it sends with.</summary>
internal sealed record SurgeTarget(
    IResourceBuilder<ProjectResource> Orders, EndpointReference Picking, ReferenceExpression OperatorKey,
    ReferenceExpression FloorKey);

/// <summary>
/// The resource <c>surge</c>: the harness as a program of the model that runs when it is asked to. Its console log
/// shows how far it is.
/// </summary>
internal static class SurgeResource
{
    internal const string Name = "surge";
    internal const string Surge = "surge";
    internal const string ViralBrand = "viral-brand";

    private const string Scale = "scale";
    private const string Seconds = "seconds";
    private const int ScaleMax = 100;
    private const int SecondsMax = 3600;

    // Ten times this is more than one replica of a desk plans: the rule has something to do.
    private const string NormalRatePerSecond = "30";

    /// <summary>Adds the resource with its two commands.</summary>
    internal static void AddSurge(this IDistributedApplicationBuilder builder, SurgeTarget target, string root)
    {
        var report = Path.Combine(root, "artifacts", "desk-surge.json");
        var asked = new Asked("holiday", "10", "60");
        var surge = builder.AddProject<Projects.Fulfillment_Surge>(Name, launchProfileName: null)
            .WithExplicitStart()
            .WithIconName("Rocket")
            // Whoever reads the console log or the process list must not read keys.
            .WithEnvironment("SURGE_OPERATOR_KEY", target.OperatorKey)
            .WithEnvironment("SURGE_FLOOR_KEY", target.FloorKey)
            .WithArgs(
                "target", "--url", target.Orders.GetEndpoint("http"), "--picking-url", target.Picking,
                "--rate", NormalRatePerSecond, "--report", report)
            .WithArgs(context =>
            {
                var now = Volatile.Read(ref asked);
                foreach (var argument in new[]
                    { "--profile", now.Profile, "--scale", now.Scale, "--seconds", now.Seconds })
                    context.Args.Add(argument);
            });

        surge.WithSurgeCommand(Surge, "10x surge", "A holiday: every brand sends many times its normal day's orders.",
            "Rocket", context => RunAsync("holiday", context));
        surge.WithSurgeCommand(ViralBrand, "Viral brand", "One brand of twenty sends many times its orders.",
            "Megaphone", context => RunAsync("viral", context));

        async Task<ExecuteCommandResult> RunAsync(string profile, ExecuteCommandContext context)
        {
            Volatile.Write(
                ref asked, new(profile, context.Arguments[Scale].Value!, context.Arguments[Seconds].Value!));
            return await StartAndWaitAsync(surge.Resource, report, context);
        }
    }

    private sealed record Asked(string Profile, string Scale, string Seconds);

    private static void WithSurgeCommand(
        this IResourceBuilder<ProjectResource> surge, string name, string says, string description, string icon,
        Func<ExecuteCommandContext, Task<ExecuteCommandResult>> run) =>
        surge.WithCommand(name, says, run, new()
        {
            Description = description + " Simulated pickers walk the tours.",
            IconName = icon,
            IsHighlighted = true,
            ConfirmationMessage = "Send a surge of orders to this system?",
            Arguments =
            [
                Number(Scale, "Times a normal day", "10", ScaleMax),
                Number(Seconds, "Seconds of orders", "60", SecondsMax),
            ],
            ValidateArguments = ValidateAsync,
            UpdateState = context => IsUnderWay(context.ResourceSnapshot.State?.Text)
                ? ResourceCommandState.Disabled
                : ResourceCommandState.Enabled,
        });

    internal static bool IsUnderWay(string? state) =>
        state is not null && state != KnownResourceStates.NotStarted && !Replicas.AspireReplicaSet.IsDown(state);

    private static InteractionInput Number(string name, string label, string value, int max) => new()
    {
        Name = name,
        Label = label,
        Description = $"1 to {max}",
        InputType = InputType.Number,
        Required = true,
        Value = value,
    };

    private static Task ValidateAsync(InputsDialogValidationContext context)
    {
        foreach (var (name, max) in new[] { (Scale, ScaleMax), (Seconds, SecondsMax) })
        {
            var input = context.Inputs[name];
            if (!int.TryParse(input.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                || number < 1 || number > max)
                context.AddValidationError(input, $"A number from 1 to {max}.");
        }

        return Task.CompletedTask;
    }

    private static async Task<ExecuteCommandResult> StartAndWaitAsync(
        ProjectResource surge, string report, ExecuteCommandContext context)
    {
        var notifications = context.Services.GetRequiredService<ResourceNotificationService>();
        File.Delete(report);
        Directory.CreateDirectory(Path.GetDirectoryName(report)!);
        var before = notifications.TryGetCurrentState(Name, out var last) ? last.Snapshot.StartTimeStamp : null;
        var started = await context.Services.GetRequiredService<ResourceCommandService>()
            .ExecuteCommandAsync(surge, KnownResourceCommands.StartCommand, context.CancellationToken);
        if (!started.Success) return started;

        var ended = await notifications.WaitForResourceAsync(
            Name,
            now => now.Snapshot.State?.Text == KnownResourceStates.FailedToStart
                || (now.Snapshot.StartTimeStamp is { } at && at != before
                    && Replicas.AspireReplicaSet.IsDown(now.Snapshot.State?.Text)),
            context.CancellationToken);
        return File.Exists(report)
            ? CommandResults.Success(
                "The surge is over.", SurgeFigures.Markdown(JsonNode.Parse(await File.ReadAllTextAsync(report))!),
                CommandResultFormat.Markdown, displayImmediately: true)
            : CommandResults.Failure(
                $"The surge ended with exit code {ended.Snapshot.ExitCode}; its console log says why.");
    }
}
