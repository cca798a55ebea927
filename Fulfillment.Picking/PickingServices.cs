using Fulfillment.Picking.Intake;
using Fulfillment.Picking.Retention;
using Fulfillment.Picking.Toggle;
using Fulfillment.Picking.Tours;
using Fulfillment.Picking.Warehouse;

namespace Fulfillment.Picking;

/// <summary>The parts of Picking; the layout is read here, so that a wrong one stops the start.</summary>
internal static class PickingServices
{
    internal static void AddPicking(this IHostApplicationBuilder builder, PickingSettings settings)
    {
        var services = builder.Services;
        services.AddSingleton(settings);
        services.AddSingleton(LayoutFile.Read(builder.Configuration));
        services.AddSingleton(Faults.Read(builder.Configuration));
        services.AddSingleton<PickingTelemetry>();
        services.AddSingleton<PickingQueue>();
        services.AddSingleton<CommitPlan>();
        services.AddSingleton<PlannerChoice>();
        services.AddSingleton<PlanPool>();
        services.AddSingleton<ToggleWatch>();
        services.AddHostedService(all => all.GetRequiredService<ToggleWatch>());
        services.AddSingleton<LoneFailures>();
        services.AddSingleton<PlanAlone>();
        services.AddSingleton<IntakeWorker>();
        services.AddSingleton<ExpireLeases>();
        services.AddSingleton<DeleteOld>();
        if (settings.WorkerEnabled) services.AddHostedService<IntakeLoops>();
    }
}
