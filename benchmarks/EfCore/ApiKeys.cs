namespace Benchmarks.EfCore;

/// <summary>
/// Which client a key belongs to, from the settings: less work than the product's keys, which expire.
/// </summary>
public sealed class ApiKeys(IConfiguration configuration)
{
    private readonly Dictionary<string, string> _clients = configuration.GetSection("Keys").GetChildren()
        .ToDictionary(key => key.Value!, key => key.Key, StringComparer.Ordinal);

    public string? ClientOf(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return _clients.GetValueOrDefault(context.Request.Headers["X-Api-Key"].ToString());
    }
}
