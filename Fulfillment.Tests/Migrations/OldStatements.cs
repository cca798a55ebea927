using System.Text.RegularExpressions;
using Fulfillment.Tests.Architecture;
using Npgsql;
using Xunit;

namespace Fulfillment.Tests.Migrations;

/// <summary>
/// What a version asked its database, recorded, on the schema of today: replicas of both serve side by side while one
/// replaces the other. Left out are statements whose parameters have no type of their own (<c>unnest</c>). A record may
/// be replaced when its version is nowhere in use any more.
/// </summary>
public sealed partial class OldStatements(TestServers servers)
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("orders", null)]
    [InlineData("picking", null)]
    [InlineData("orders", "ALTER TABLE releases RENAME COLUMN state TO status")]
    [InlineData("picking", "ALTER TABLE tours DROP COLUMN leased_until")]
    public async Task Are_understood_by_the_schema_of_today(string service, string? mistake)
    {
        await using var database = NpgsqlDataSource.Create(service == "orders"
            ? await servers.CreateOrdersDatabaseAsync()
            : await servers.CreatePickingDatabaseAsync());
        await using var connection = await database.OpenConnectionAsync(Cancellation);
        if (mistake is not null) await ExecuteAsync(connection, mistake);
        var recorded = await File.ReadAllTextAsync(
            Path.Combine(RepositoryRoot.Path, "Fulfillment.Tests", "Migrations", "Recorded", $"{service}.sql"),
            Cancellation);
        var (asked, refused) = (0, new List<string>());
        foreach (Match statement in Statement().Matches(recorded))
        {
            asked++;
            try
            {
                await ExecuteAsync(connection, $"PREPARE recorded AS {statement.Groups["sql"].Value}");
                await ExecuteAsync(connection, "DEALLOCATE recorded");
            }
            catch (PostgresException no)
            {
                refused.Add($"{statement.Groups["name"].Value}: {no.MessageText}");
            }
        }

        Assert.InRange(asked, 25, int.MaxValue);
        if (mistake is null) Assert.Empty(refused);
        else Assert.NotEmpty(refused); // a change that does not only add is seen
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection) { AllResultTypesAreUnknown = true };
        await command.ExecuteNonQueryAsync(Cancellation);
    }

    [GeneratedRegex(@"^-- (?<name>[\w.]+)\n(?<sql>.*?);\n(?:\n|\z)", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Statement();
}
