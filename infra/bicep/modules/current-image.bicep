// The image that runs now, so that provisioning again changes no code. A module of its own, since a template cannot
// both read and write one resource.
param app string
param exists bool

resource current 'Microsoft.App/containerApps@2025-07-01' existing = if (exists) { name: app }

// Until the first deploy: ASP.NET Core's own sample, which is chiseled, not root, and listens on 8080 as ours do.
output image string = exists
  ? current!.properties.template.containers[0].image
  : 'mcr.microsoft.com/dotnet/samples:aspnetapp-chiseled'
