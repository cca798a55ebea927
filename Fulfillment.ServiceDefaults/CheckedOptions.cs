using System.ComponentModel.DataAnnotations;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Reflection;
using Fulfillment.ServiceDefaults.DataStores;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Fulfillment.ServiceDefaults;

/// <summary>
/// Settings are read once, when the service starts: bound and checked by what the compiler wrote from the properties
/// and their attributes, so that nothing is looked up at run time. The first wrong one ends the start and is named.
/// </summary>
public static class CheckedOptions
{
    /// <summary>The options of a section; what is not set keeps its default.</summary>
    /// <param name="configuration">Where the settings are.</param>
    /// <param name="section">Its name; empty for settings whose keys name their sections themselves.</param>
    /// <param name="defaults">The options before anything is bound.</param>
    /// <param name="bind">Always <c>(from, to) => from.Bind(to)</c>: the compiler writes it out where the type is
    /// known.</param>
    /// <param name="validator">What <see cref="OptionsValidatorAttribute"/> made.</param>
    /// <exception cref="WrongSettingException">A value cannot be read or is out of its range.</exception>
    public static TOptions Read<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicProperties)] TOptions>(
        IConfiguration configuration, string section, TOptions defaults, Action<IConfiguration, TOptions> bind,
        IValidateOptions<TOptions> validator)
        where TOptions : class
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(section);
        ArgumentNullException.ThrowIfNull(bind);
        ArgumentNullException.ThrowIfNull(validator);
        try
        {
            bind(section.Length == 0 ? configuration : configuration.GetSection(section), defaults);
        }
        catch (InvalidOperationException unreadable)
        {
            throw new WrongSettingException(
                PathIn(unreadable.Message) ?? section, $"cannot be read: {unreadable.Message}");
        }

        var wrong = validator.Validate(section, defaults).Failures?.FirstOrDefault();
        return wrong is null ? defaults : throw Named<TOptions>(section, wrong);
    }

    // "Failed to convert configuration value 'soon' at 'Dispatch:SweepInterval' to type 'System.TimeSpan'."
    private static string? PathIn(string message) =>
        message.Split(" at '", 2) is [_, var rest] && rest.IndexOf('\'') is > 0 and var end ? rest[..end] : null;

    // "BatchMax: The field Dispatch.BatchMax must be between 1 and 4096."
    private static WrongSettingException Named<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicProperties)] TOptions>(
        string section, string wrong)
    {
        var (member, problem) = wrong.Split(": ", 2) is [var first, var rest] ? (first, rest) : ("", wrong);
        var key = typeof(TOptions).GetProperty(member)?.GetCustomAttribute<ConfigurationKeyNameAttribute>()?.Name;
        var named = problem.IndexOf(" must ", StringComparison.Ordinal);
        return new WrongSettingException(
            string.Join(':', ((string[])[section, key ?? member]).Where(part => part.Length > 0)),
            named < 0 ? problem : problem[(named + 1)..].TrimEnd('.'));
    }
}

/// <summary>
/// A time from one limit to another, both included. The framework's own range looks for a converter at run time.
/// </summary>
/// <param name="min">The least, as <see cref="TimeSpan"/> writes it.</param>
/// <param name="max">The most.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class TimeRangeAttribute(string min, string max)
    : ValidationAttribute("The field {0} must be {1} to {2}.")
{
    public string Min { get; } = min;

    public string Max { get; } = max;

    public override bool IsValid(object? value) => value is TimeSpan time
        && time >= TimeSpan.Parse(Min, CultureInfo.InvariantCulture)
        && time <= TimeSpan.Parse(Max, CultureInfo.InvariantCulture);

    public override string FormatErrorMessage(string name) =>
        string.Format(CultureInfo.InvariantCulture, ErrorMessageString, name, Min, Max);
}
