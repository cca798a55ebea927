using System.Globalization;

namespace Fulfillment.Orders.PlaceOrder;

/// <summary>The body of POST /orders. Everything is nullable, so that a missing field is a fault we can name.</summary>
internal sealed record PlaceOrderRequest
{
    public string? ClientOrderId { get; init; }
    public IReadOnlyList<PlaceOrderLine?>? Lines { get; init; }

    /// <summary>Standard (the default), Express or SameDay.</summary>
    public string? ServiceLevel { get; init; }

    /// <summary>The deadline; without one it follows from service level, cut-off and the warehouse's time
    /// zone.</summary>
    public DateTimeOffset? ShipBy { get; init; }

    /// <summary>FillAll (the default) or FillAllAvailable.</summary>
    public string? Allocation { get; init; }
    public ShipTo? ShipTo { get; init; }
}

/// <summary>One line; the same SKU may stand in several.</summary>
internal sealed record PlaceOrderLine(string? Sku, int Quantity);

/// <summary>Where it goes; returned as it was sent.</summary>
internal sealed record ShipTo
{
    public string? Name { get; init; }
    public string? Line1 { get; init; }
    public string? Line2 { get; init; }
    public string? City { get; init; }
    public string? PostalCode { get; init; }
    public string? Region { get; init; }
    public string? Country { get; init; }
}

/// <summary>The limits of one order, and every fault in one.</summary>
internal static class OrderLimits
{
    internal const int LinesMax = 1_000;
    internal const int QuantityMax = 100_000;
    internal const int BodyBytesMax = 1 << 20;
    internal const int IdLengthMax = 64;
    internal const int AddressFieldLengthMax = 200;
    internal const int IdempotencyKeyLengthMax = 255;
    internal const string NoLines = "must be given";
    internal const string ShipByPast = "must be in the future";

    /// <summary>Every fault in the request, keyed by field; empty when it may be placed. Pure.</summary>
    internal static Dictionary<string, string[]>? FaultsIn(PlaceOrderRequest request, DateTimeOffset now)
    {
        Dictionary<string, string[]>? faults = null;
        if (!IsId(request.ClientOrderId))
            Add(ref faults, "clientOrderId", $"must have 1 to {IdLengthMax} printable characters");
        FaultsInLines(request.Lines, ref faults);
        if (request.ServiceLevel is not (null or "Standard" or "Express" or "SameDay"))
            Add(ref faults, "serviceLevel", "must be Standard, Express or SameDay");
        if (request.Allocation is not (null or "FillAll" or "FillAllAvailable"))
            Add(ref faults, "allocation", "must be FillAll or FillAllAvailable");
        FaultsInAddress(request.ShipTo, ref faults);
        if (request.ShipBy <= now) Add(ref faults, "shipBy", ShipByPast);
        return faults;
    }

    /// <summary>1 to 64 characters, none of them a control character or half of one.</summary>
    internal static bool IsId(string? text) => text is { Length: > 0 and <= IdLengthMax } && IsPrintable(text);

    internal static bool IsPrintable(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsControl(text[i])) return false;
            if (!char.IsSurrogate(text[i])) continue;
            if (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[i + 1])) return false;
            i++;
        }

        return true;
    }

    /// <summary>The code that names the faults best: a single kind of fault has a code of its own.</summary>
    internal static string CodeOf(Dictionary<string, string[]> faults)
    {
        if (faults.Count != 1) return "invalid_order";
        var (field, messages) = faults.First();
        if (field == "lines") return messages[0] == NoLines ? "invalid_order" : "too_many_lines";
        if (field == "shipBy") return "ship_by_past";
        return field.EndsWith(".quantity", StringComparison.Ordinal) ? "quantity_out_of_range" : "invalid_order";
    }

    private static void FaultsInLines(IReadOnlyList<PlaceOrderLine?>? lines, ref Dictionary<string, string[]>? faults)
    {
        if (lines is not { Count: > 0 })
        {
            Add(ref faults, "lines", NoLines);
            return;
        }

        if (lines.Count > LinesMax)
        {
            Add(ref faults, "lines", $"{lines.Count} lines, at most {LinesMax}");
            return;
        }

        for (var i = 0; i < lines.Count; i++)
        {
            if (lines[i] is not { } line || !IsId(line.Sku))
                Add(ref faults, Field(i, "sku"), $"must have 1 to {IdLengthMax} printable characters");
            else if (line.Quantity is < 1 or > QuantityMax)
                Add(ref faults, Field(i, "quantity"), $"must be 1 to {QuantityMax}");
        }
    }

    private static void FaultsInAddress(ShipTo? to, ref Dictionary<string, string[]>? faults)
    {
        if (to is null)
        {
            Add(ref faults, "shipTo", "must be given");
            return;
        }

        Check("shipTo.name", to.Name, required: true, ref faults);
        Check("shipTo.line1", to.Line1, required: true, ref faults);
        Check("shipTo.line2", to.Line2, required: false, ref faults);
        Check("shipTo.city", to.City, required: false, ref faults);
        Check("shipTo.postalCode", to.PostalCode, required: false, ref faults);
        Check("shipTo.region", to.Region, required: false, ref faults);
        Check("shipTo.country", to.Country, required: true, ref faults);
    }

    private static void Check(string field, string? text, bool required, ref Dictionary<string, string[]>? faults)
    {
        if (text is null ? required : text.Length is 0 or > AddressFieldLengthMax || !IsPrintable(text))
            Add(ref faults, field, $"must have 1 to {AddressFieldLengthMax} printable characters");
    }

    private static string Field(int line, string name) =>
        string.Create(CultureInfo.InvariantCulture, $"lines[{line}].{name}");

    private static void Add(ref Dictionary<string, string[]>? faults, string field, string fault) =>
        (faults ??= [])[field] = [fault];
}
