#include "store/listing/paging.h"

#include <algorithm>
#include <variant>

#include "absl/strings/str_cat.h"
#include "core/status.h"
#include "store/actor_store.h"
#include "store/error_info.h"

namespace atestore::inline v0 {

absl::StatusOr<size_t> PageSizeOf(int32_t page_size) {
  if (page_size < 0) {
    return WithErrorInfo(
        InvalidArgumentError(absl::StrCat("page_size: ", page_size, " is negative")),
        {.reason = "PAGE_SIZE_NEGATIVE", .field = "page_size"});
  }
  if (page_size == 0) return static_cast<size_t>(kPageSizeDefault);
  return static_cast<size_t>(std::min(page_size, kPageSizeMax));
}

absl::StatusOr<Position> PositionOf(const std::string& page_token, uint64_t request_hash,
                                    const PageTokenCodec& tokens) {
  if (page_token.empty()) return Position{};
  auto decoded = tokens.Decode(page_token, request_hash);
  if (const auto* error = std::get_if<PageTokenError>(&decoded)) {
    return WithErrorInfo(InvalidArgumentError(error->message),
                         {.reason = std::string(ReasonOf(error->flaw)), .field = "page_token"});
  }
  return std::get<Position>(decoded);
}

}  // namespace atestore::inline v0
