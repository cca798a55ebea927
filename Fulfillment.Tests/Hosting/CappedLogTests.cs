using Fulfillment.Hosting;
using Xunit;

namespace Fulfillment.Tests.Hosting;

public sealed class CappedLogTests
{
    [Theory]
    [InlineData(100, 100, false)]
    [InlineData(101, 100, true)]
    public async Task A_log_keeps_what_fits_and_counts_the_rest(int printed, int kept, bool overflowed)
    {
        var path = Path.Combine(Path.GetTempPath(), $"fulfillment-{Guid.NewGuid():N}.log");
        try
        {
            await using (var log = new CappedLog(path, bytesMax: 100))
            {
                await log.CopyAsync(new MemoryStream(new byte[printed]));
                Assert.Equal(printed, log.BytesOffered);
                Assert.Equal(overflowed, log.Overflowed);
            }

            Assert.Equal(kept, new FileInfo(path).Length);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
