using System.Security.Cryptography;

namespace Fulfillment.Surge.Wire;

/// <summary>The keys that the deployment gives to the services: new ones for every run.</summary>
public sealed record Keys(string Operator, string Lead, string Service, string Floor)
{
    /// <summary>The header that carries a key.</summary>
    public const string Header = "X-Api-Key";

    internal static Keys Create() => new(New("operator"), New("lead"), New("service"), New("floor"));

    private static string New(string prefix) =>
        $"{prefix}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24))}";
}
