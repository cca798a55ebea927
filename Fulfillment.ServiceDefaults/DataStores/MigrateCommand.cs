using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using Fulfillment.ServiceDefaults.Outages;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace Fulfillment.ServiceDefaults.DataStores;

/// <summary>
/// <c>Fulfillment.Orders migrate</c>: brings the database to the version of this binary and ends. For a job that runs
/// before the replicas of a new version do (<c>Migrations:AtStart=false</c> there). Exit code 0: nothing is missing;
/// 1: something is, and one line says why.
/// </summary>
public static class MigrateCommand
{
    /// <summary>True when the command line asks for it.</summary>
    public static bool IsAskedFor(IReadOnlyList<string> arguments) => arguments is ["migrate", ..];

    public static Task<int> RunAsync(IEnumerable<string> arguments, string name, Assembly scripts) =>
        ServiceHost.RunAsync(async () =>
        {
            var configuration = new ConfigurationBuilder()
                .AddEnvironmentVariables().AddCommandLine([.. arguments.Skip(1)]).Build();
            var (options, clock) = (MigrationOptions.Read(configuration), TimeProvider.System);
            await using var database = DataStoreExtensions.CreateDirect(configuration, name);
            using var stopping = new CancellationTokenSource();
            using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
            using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
            try
            {
                await WaitForAsync(database, name, options, clock, stopping.Token);
                var count = await Migrator.MigrateAsync(
                    database, scripts, options, clock, Lines.Instance, stopping.Token);
                await Console.Out.WriteLineAsync(string.Create(
                    CultureInfo.InvariantCulture, $"{name} is migrated, {count} scripts were missing"));
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                throw new MigrationException("Told to stop before everything was migrated");
            }

            void Stop(PosixSignalContext signal)
            {
                signal.Cancel = true;
                stopping.Cancel();
            }
        });

    private static async Task WaitForAsync(
        Npgsql.NpgsqlDataSource database, string name, MigrationOptions options, TimeProvider clock,
        CancellationToken stopping)
    {
        using var patience = new CancellationTokenSource(options.WaitMax, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, patience.Token);
        try
        {
            await StoreReadiness.WaitForPostgresAsync(database, name, clock, Lines.Instance, either.Token);
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            throw new MigrationException(string.Create(
                CultureInfo.InvariantCulture,
                $"ConnectionStrings:{name} did not answer within {options.WaitMax.TotalSeconds} s"));
        }
    }

    /// <summary>A job has nobody who collects: plain lines.</summary>
    private sealed class Lines : ILogger
    {
        internal static Lines Instance { get; } = new();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) =>
            Console.Out.WriteLine(exception is null
                ? formatter(state, null)
                : $"{formatter(state, null)}: {StoreFault.LineOf(exception)}");
    }
}
