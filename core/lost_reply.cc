#include "core/lost_reply.h"

#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/status.h"

namespace atestore::inline v0 {
namespace {

constexpr std::string_view kLostReplyUrl = "ateapi/lost-reply-bytes";

}  // namespace

absl::Status MarkLostReply(absl::Status failure, size_t bytes) {
  failure.SetPayload(ToAbsl(kLostReplyUrl), absl::Cord(absl::StrCat(bytes)));
  return failure;
}

std::optional<size_t> LostReplyBytes(const absl::Status& failure) {
  const absl::optional<absl::Cord> payload = failure.GetPayload(ToAbsl(kLostReplyUrl));
  size_t bytes = 0;
  if (!payload || !absl::SimpleAtoi(std::string(*payload), &bytes)) return std::nullopt;
  return bytes;
}

}  // namespace atestore::inline v0
