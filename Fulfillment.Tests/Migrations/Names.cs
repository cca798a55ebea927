using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Fulfillment.ServiceDefaults.DataStores;
using Xunit;

namespace Fulfillment.Tests.Migrations;

/// <summary>Names that cannot collide, and what a script without a transaction may hold.</summary>
public sealed partial class Names
{
    // Numbered before names told the minute; they are recorded in every database under these names.
    private static readonly string[] Old =
    [
        "0001-orders", "0003-dispatch", "0004-past-orders", "0001-picking", "0002-feed-index", "0003-toggle",
    ];

    [Theory]
    [InlineData("Fulfillment.Orders")]
    [InlineData("Fulfillment.Picking")]
    public void A_script_is_named_by_the_minute_it_was_begun(string service)
    {
        var scripts = MigrationScript.In(Assembly.Load(service));
        Assert.NotEmpty(scripts);
        foreach (var script in scripts)
        {
            var name = script.Name[(service + ".Migrations.").Length..^".sql".Length];
            Assert.True(IsWell(name), $"{name}.sql: YYYYMMDDHHMM-name.sql, in UTC");
            if (!script.InTransaction)
                Assert.Single(script.Sql.Split(';', StringSplitOptions.TrimEntries), statement => statement.Length > 0);
        }
    }

    [Theory]
    [InlineData("0005-more", false)]
    [InlineData("202611281299-no-such-minute", false)]
    [InlineData("202611281240-Capitals", false)]
    [InlineData("202611281240-leaders", true)]
    public void Another_name_is_refused(string name, bool well) => Assert.Equal(well, IsWell(name));

    private static bool IsWell(string name) => Old.Contains(name)
        || (Pattern().Match(name) is { Success: true } match && DateTime.TryParseExact(
            match.Groups[1].Value, "yyyyMMddHHmm", CultureInfo.InvariantCulture, DateTimeStyles.None, out _));

    [GeneratedRegex("^([0-9]{12})-[a-z0-9-]+$")]
    private static partial Regex Pattern();
}
