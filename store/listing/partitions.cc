#include "store/listing/partitions.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/status.h"
#include "store/error_info.h"
#include "store/listing/page_reader.h"
#include "store/listing/walk_run.h"

namespace atestore::inline v0 {
namespace {

absl::StatusOr<size_t> CountPrimaries(ClusterClient& client, const CallOptions& call) {
  WalkRun run(client, client.transport(), call, absl::InfiniteDuration());
  if (absl::Status status = run.FindCluster(); !status.ok()) return status;
  return run.topology()->primaries().size();
}

}  // namespace

absl::StatusOr<size_t> PartitionCountOf(int32_t partition_count, ClusterClient& client,
                                        const CallOptions& call) {
  if (partition_count < 0) {
    return WithErrorInfo(
        InvalidArgumentError(absl::StrCat("partition_count: ", partition_count, " is negative")),
        {.reason = "PARTITION_COUNT_NEGATIVE", .field = "partition_count"});
  }
  if (partition_count > 0) return static_cast<size_t>(std::min(partition_count, kPartitionsMax));
  absl::StatusOr<size_t> primaries = CountPrimaries(client, call);
  if (!primaries.ok()) return primaries.status();
  return std::min(*primaries, static_cast<size_t>(kPartitionsMax));
}

absl::StatusOr<size_t> WidthOf(const WideRead& wide, ClusterClient& client,
                               const CallOptions& call) {
  if (wide.width > 0) return std::min(wide.width, kReaderWidthMax);
  absl::StatusOr<size_t> primaries = CountPrimaries(client, call);
  if (!primaries.ok()) return primaries.status();
  return std::clamp<size_t>(*primaries, 1, kReaderWidthMax);
}

absl::StatusOr<size_t> WidePageSize(const WideRead& wide, size_t width, size_t page_size) {
  const int64_t rate = wide.records_per_second_max;
  if (rate < 0) {
    return WithErrorInfo(
        InvalidArgumentError(absl::StrCat("records_per_second_max: ", rate, " is negative")),
        {.reason = "RATE_NEGATIVE", .field = "records_per_second_max"});
  }
  if (rate == 0) return page_size;
  const size_t pages = width * kReaderPagesMax;
  return std::min(page_size, std::max<size_t>(static_cast<size_t>(rate) / pages, 1));
}

}  // namespace atestore::inline v0
