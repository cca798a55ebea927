namespace Fulfillment.Orders.Holds;

internal sealed record PutHoldRequest(string? Name, string? Reason);
