#include "store/shard_transport.h"

#include <string_view>

#include "absl/strings/cord.h"
#include "core/status.h"

namespace atestore::inline v0 {
namespace {

constexpr std::string_view kNotSentUrl = "ateapi/not-sent";

}  // namespace

absl::Status MarkNotSent(absl::Status failure) {
  failure.SetPayload(ToAbsl(kNotSentUrl), absl::Cord("1"));
  return failure;
}

bool WasNotSent(const absl::Status& failure) {
  return failure.GetPayload(ToAbsl(kNotSentUrl)).has_value();
}

}  // namespace atestore::inline v0
