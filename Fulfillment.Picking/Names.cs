using System.Text;
using Fulfillment.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Fulfillment.Picking;

/// <summary>What may stand where a name is asked for: 1 to 64 characters of text.</summary>
internal static class Names
{
    internal static bool IsName(string? text) =>
        text is { Length: >= 1 and <= PickingSettings.NameLengthMax } && IsText(text);

    /// <summary>
    /// Postgres takes no NUL and no half of a surrogate pair, and nobody needs the other control characters.
    /// </summary>
    internal static bool IsText(string text)
    {
        foreach (var rune in text.EnumerateRunes())
        {
            if (Rune.IsControl(rune) || rune == Rune.ReplacementChar) return false;
        }

        return true;
    }

    internal static JsonHttpResult<Problem> BadPicker() => Problems.Result(
        StatusCodes.Status400BadRequest, "bad_picker",
        $"pickerId must be 1 to {PickingSettings.NameLengthMax} characters of text.");
}
