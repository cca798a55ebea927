using System.Globalization;

namespace Fulfillment.Autoscaling.Control;

/// <summary>
/// Which KEDA and which Kubernetes are imitated, where releases differ. Container Apps ran KEDA 2.18.1 in August 2026
/// and does not state its Kubernetes; so the versions are an option, and a report says which were taken.
/// </summary>
/// <param name="Keda">Up to 2.19 a null lag is read as -1, from 2.20 on as 0 (recorded: 2.18.3 and 2.20).</param>
/// <param name="Kubernetes">See the properties (recorded: 1.32.9 and 1.34.4).</param>
public sealed record EngineVersions(Version Keda, Version Kubernetes)
{
    /// <summary>The pair that most scenarios were recorded with.</summary>
    public static EngineVersions Recorded { get; } = new(new(2, 18), new(1, 34));

    /// <summary>What KEDA's Redis client makes of a lag that Redis reports as null.</summary>
    public long NullLag => Keda >= new Version(2, 20) ? 0 : -1;

    /// <summary>
    /// From 1.33 on a ratio of exactly 1.1 is within a tolerance of 0.1: the bounds are compared. Before, |1 - ratio|
    /// was, which is a little more than 0.1 in floating point.
    /// </summary>
    public bool ToleranceHoldsItsBounds => Kubernetes >= new Version(1, 33);

    /// <summary>From 1.34 on a negative sum is taken for an overflow and asks for the most.</summary>
    public bool NegativeIsOverflow => Kubernetes >= new Version(1, 34);

    /// <summary>Reads <c>KEDA/KUBERNETES</c>, such as <c>2.18/1.34</c>; null for anything else.</summary>
    public static EngineVersions? Parse(string text) =>
        text.Split('/') is [var keda, var kubernetes] && First(keda) is { } first && First(kubernetes) is { } second
            ? new(first, second)
            : null;

    /// <summary>The version that a text begins with: <c>1.34.4, kube-apiserver and ...</c> is 1.34.4.</summary>
    public static Version? First(string text)
    {
        var length = 0;
        while (length < text.Length && (char.IsAsciiDigit(text[length]) || text[length] == '.')) length++;
        return Version.TryParse(text[..length].TrimEnd('.'), out var version) ? version : null;
    }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"KEDA {Keda}, Kubernetes {Kubernetes}");
}
