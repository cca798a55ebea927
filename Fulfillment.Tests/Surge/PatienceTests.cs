using Fulfillment.Hosting;
using Fulfillment.Surge;
using Fulfillment.Surge.Embedded;
using Npgsql;
using Xunit;

namespace Fulfillment.Tests.Surge;

/// <summary>A run in which PostgreSQL restarts ends with its check, not with what its own reader met.</summary>
public sealed class PatienceTests
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("57P01", true)]
    [InlineData("57P03", true)]
    [InlineData("53300", true)]
    [InlineData("55000", true)]
    [InlineData("28P01", true)]
    [InlineData("25006", true)]
    [InlineData("42P01", false)]
    [InlineData("22012", false)]
    [InlineData("57014", false)]
    public void A_store_that_is_away_is_asked_again_and_a_mistake_of_ours_is_not(string sqlState, bool again)
    {
        Assert.Equal(again, Patience.IsAway(new PostgresException("said", "ERROR", "ERROR", sqlState)));
    }

    [Fact]
    public async Task A_run_whose_database_restarts_in_the_middle_ends_with_its_check()
    {
        await using var own = new LocalRun(BuildOutput.RunsFolder, TimeProvider.System);
        var server = await PostgresServer.StartAsync(
            own, new PostgresOptions { Databases = ["ordersdb", "pickingdb"] }, Cancellation);
        var options = new RunOptions
        {
            Profile = "holiday",
            Orders = 300,
            Rate = 50,
            Speedup = 1000,
            Pickers = 20,
            Seed = 1,
            StockShortPercent = 0,
            System = new EmbeddedOptions
            {
                OrdersDb = server.ConnectionString("ordersdb"),
                PickingDb = server.ConnectionString("pickingdb"),
            },
        };
        var run = SurgeRun.RunAsync(options, TimeProvider.System, Cancellation);
        await Eventually.HoldsAsync(() => AnyOrderAsync(server.ConnectionString("ordersdb")));

        await server.Child.QuitAsync(Cancellation);
        await server.Child.StartAsync();

        Assert.Equal(0, await run);
    }

    private static async Task<bool> AnyOrderAsync(string database)
    {
        try
        {
            await using var source = NpgsqlDataSource.Create(database);
            await using var command = source.CreateCommand("SELECT EXISTS (SELECT FROM orders)");
            return await command.ExecuteScalarAsync(Cancellation) is true;
        }
        catch (PostgresException notYet) when (notYet.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            return false;
        }
    }
}
