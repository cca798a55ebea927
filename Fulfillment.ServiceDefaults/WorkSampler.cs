using System.Diagnostics;
using OpenTelemetry.Trace;

namespace Fulfillment.ServiceDefaults;

/// <summary>
/// Samples every trace that begins with work: a request, a message, a step of our own. A trace that would begin with a
/// call to a store or to another service is a poll, several a second and nobody's work; it is left out. For the root of
/// a trace: put it into a <see cref="ParentBasedSampler"/>.
/// </summary>
public sealed class WorkSampler : Sampler
{
    /// <inheritdoc/>
    public override SamplingResult ShouldSample(in SamplingParameters samplingParameters) => new(
        samplingParameters.Kind == ActivityKind.Client
            ? SamplingDecision.Drop
            : SamplingDecision.RecordAndSample);
}
