using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Fulfillment.AppHost.Replicas;
using Xunit;

namespace Fulfillment.Tests.AppHost;

/// <summary>The replica set on a resource of Aspire's whose state a test says and whose commands it hears.</summary>
public sealed class AspireReplicaSetTests
{
    [Theory]
    [InlineData("Unknown", "start")]
    [InlineData("Exited", "start")]
    [InlineData("Finished", "start")]
    [InlineData("FailedToStart", "start")]
    [InlineData("NotStarted", "start")]
    [InlineData("Running")]
    [InlineData("Starting")]
    public async Task A_replica_that_is_wanted_is_started_when_it_is_down(string state, params string[] commands) =>
        Assert.Equal(commands, await CommandsOfAsync(state, wanted: 1));

    [Theory]
    [InlineData("Running", "stop")]
    [InlineData("Unknown")] // gone: asked to stop it, Aspire would refuse
    [InlineData("Exited")]
    [InlineData("NotStarted")]
    public async Task A_replica_that_is_not_wanted_is_stopped_when_it_is_up(string state, params string[] commands) =>
        Assert.Equal(commands, await CommandsOfAsync(state, wanted: 0));

    private static async Task<List<string>> CommandsOfAsync(string state, int wanted)
    {
        var heard = new List<string>();
        var builder = DistributedApplication.CreateBuilder(
            new DistributedApplicationOptions { DisableDashboard = true });
        var replica = builder.AddResource(new PickingResource("replica"));
        foreach (var command in new[] { KnownResourceCommands.StartCommand, KnownResourceCommands.StopCommand })
        {
            replica.WithCommand(command, command, _ =>
            {
                heard.Add(command);
                return Task.FromResult(CommandResults.Success());
            });
        }

        await using var app = builder.Build();
        await app.ResourceNotifications.PublishUpdateAsync(replica.Resource, now => now with { State = state });
        var replicas = new AspireReplicaSet(
            [replica.Resource], startedByThemselves: 1, app.ResourceCommands, app.ResourceNotifications);
        await replicas.ScaleToAsync(wanted, TestContext.Current.CancellationToken);
        return heard;
    }
}
