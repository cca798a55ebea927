namespace Fulfillment.AppHost.Stores;

/// <summary>A Redis that is a process of this machine, and its connection string: one resource with one name.</summary>
internal sealed class NativeRedis(string name, string command, string folder)
    : ExecutableResource(name, command, folder), IResourceWithConnectionString
{
    public ReferenceExpression ConnectionStringExpression
    {
        get
        {
            var port = new EndpointReference(this, NativeStores.Endpoint).Property(EndpointProperty.Port);
            return ReferenceExpression.Create($"127.0.0.1:{port}");
        }
    }
}
