using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using Fulfillment.Hosting;
using Npgsql;
using Xunit;

namespace Fulfillment.Tests.Surge.Up;

/// <summary><c>Surge up --json FILE</c>, by the program itself: what a script reads must be true.</summary>
public sealed class UpFileTests : IDisposable
{
    private const string PickingPath = "/floor/tours/next";
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    private readonly string _folder = Directory.CreateTempSubdirectory("fulfillment-up-").FullName;

    [Fact]
    public async Task A_script_finds_every_address_key_and_process_in_the_file()
    {
        var file = Path.Combine(_folder, "up.json");
        var start = Nursery.Bound(BuildOutput.Executable("Fulfillment.Surge"), ["up", "--json", file]);
        using var surge = await Nursery.StartAsync(start);
        var said = surge.StandardOutput.ReadToEndAsync(Cancellation);
        await Eventually.HoldsAsync(() => surge.HasExited
            ? throw new InvalidOperationException($"Surge ended: {said.Result}")
            : Task.FromResult(File.Exists(file)));
        using var told = JsonDocument.Parse(await File.ReadAllBytesAsync(file, Cancellation));
        var up = told.RootElement;
        var keys = up.GetProperty("keys");

        Assert.Equal(
            ["orders", "picking", "redis", "ordersdb", "pickingdb", "logs", "keys", "pids"], NamesOf(up));
        Assert.Equal(["operator", "lead", "picker", "service", "pickers", "clients"], NamesOf(keys));
        Assert.Equal(20, keys.GetProperty("pickers").GetArrayLength());
        Assert.Equal(["acme", "brandb"], NamesOf(keys.GetProperty("clients")));
        Assert.Equal(["orders-1", "picking-1", "postgres", "redis"], NamesOf(up.GetProperty("pids")).Order());
        Assert.All(up.GetProperty("pids").EnumerateObject(), pid => Assert.True(IsRunning(pid.Value.GetInt32()), pid.Name));
        Assert.True(Directory.Exists(up.GetProperty("logs").GetString()));

        using var http = new HttpClient();
        var (orders, picking) = (Text(up, "orders"), Text(up.GetProperty("picking"), "main"));
        foreach (var client in (string[])["acme", "brandb"])
        {
            Assert.Equal(HttpStatusCode.Created, await PostAsync(
                http, $"{orders}/orders", Text(keys.GetProperty("clients"), client), OrderOf(client)));
        }

        // The lead may walk like a picker; a client's key is no key on the floor.
        foreach (var role in (string[])["picker", "lead"])
            Assert.True((int)await PostAsync(http, picking + PickingPath, Text(keys, role), Picker) is 200 or 204, role);
        Assert.Equal(HttpStatusCode.Unauthorized, await PostAsync(
            http, picking + PickingPath, Text(keys.GetProperty("clients"), "acme"), Picker));
        Assert.Equal(2L, await ScalarAsync(Text(up, "ordersdb"), "SELECT count(*) FROM clients"));
        Assert.Equal(40L, await ScalarAsync(Text(up.GetProperty("pickingdb"), "main"), "SELECT count(*) FROM slots"));

        Signals.Send(surge, Signal.Interrupt);
        await surge.WaitForExitAsync(Cancellation);
        Assert.False(File.Exists(file));
        Assert.All(up.GetProperty("pids").EnumerateObject(), pid => Assert.False(IsRunning(pid.Value.GetInt32()), pid.Name));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private const string Picker = """{"pickerId":"anna"}""";

    private static string OrderOf(string id) => $$"""
        {"clientOrderId":"{{id}}-1","lines":[{"sku":"SKU-0001","quantity":1}],"serviceLevel":"Standard","allocation":"FillAll",
         "shipTo":{"name":"A","line1":"1 High Street","postalCode":"10115","city":"Berlin","country":"DE"} }
        """;

    private static async Task<HttpStatusCode> PostAsync(HttpClient http, string url, string key, string json)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(url))
        {
            Content = new StringContent(json, Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("X-Api-Key", key);
        using var answer = await http.SendAsync(request, Cancellation);
        return answer.StatusCode;
    }

    private static async Task<object?> ScalarAsync(string database, string sql)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand(sql);
        return await command.ExecuteScalarAsync(Cancellation);
    }

    private static bool IsRunning(int pid)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            return !process.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static string Text(JsonElement of, string name) => of.GetProperty(name).GetString()!;

    private static IEnumerable<string> NamesOf(JsonElement of) => of.EnumerateObject().Select(part => part.Name);
}
