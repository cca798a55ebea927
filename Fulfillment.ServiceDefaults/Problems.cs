using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Fulfillment.ServiceDefaults;

/// <summary>
/// RFC 9457 problem details with a stable <c>code</c> that a program may switch on; the words may change. Never shows
/// internals.
/// </summary>
public sealed record Problem
{
    public const string ContentType = "application/problem+json";

    /// <summary>urn:fulfillment:problem:{code}.</summary>
    public required string Type { get; init; }
    public required string Title { get; init; }
    public required int Status { get; init; }
    public required string Code { get; init; }
    public string? Detail { get; init; }

    /// <summary>What is wrong with each field, when the request itself is at fault.</summary>
    public IReadOnlyDictionary<string, string[]>? Errors { get; init; }
}

/// <summary>Makes and writes <see cref="Problem"/>s.</summary>
public static class Problems
{
    public static Problem Create(
        int status, string code, string title, string? detail = null,
        IReadOnlyDictionary<string, string[]>? errors = null) =>
        new()
        {
            Type = $"urn:fulfillment:problem:{code}",
            Title = title,
            Status = status,
            Code = code,
            Detail = detail,
            Errors = errors,
        };

    /// <summary>As a result of a typed endpoint.</summary>
    public static JsonHttpResult<Problem> Result(
        int status, string code, string title, string? detail = null,
        IReadOnlyDictionary<string, string[]>? errors = null) =>
        TypedResults.Json(
            Create(status, code, title, detail, errors), ProblemJson.Default.Problem, Problem.ContentType, status);

    /// <summary>Straight to a response that has not started.</summary>
    public static Task WriteAsync(
        HttpContext context, int status, string code, string title, string? detail = null,
        IReadOnlyDictionary<string, string[]>? errors = null)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(
            Create(status, code, title, detail, errors), ProblemJson.Default.Problem, Problem.ContentType,
            context.RequestAborted);
    }
}

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Problem))]
internal sealed partial class ProblemJson : JsonSerializerContext;
