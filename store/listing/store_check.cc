#include "store/listing/store_check.h"

#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "core/status.h"
#include "store/error_info.h"

namespace atestore::inline v0 {
namespace {

absl::Status InvalidOption(std::string_view field, std::string_view what) {
  return WithErrorInfo(InvalidArgumentError(absl::StrCat(ToAbsl(field), ": ", ToAbsl(what))),
                       {.reason = "INVALID_OPTION", .field = std::string(field)});
}

}  // namespace

absl::StatusOr<PageTokenCodec> CheckStore(const ShardTransport* transport,
                                          const StoreOptions& options) {
  if (transport == nullptr) return InvalidOption("transport", "null, must be a transport");
  if (options.seeds.empty()) return InvalidOption("seeds", "none, must be at least one");
  for (const Endpoint& seed : options.seeds) {
    if (seed.host.empty() || seed.port == 0) {
      return InvalidOption("seeds", absl::StrCat("\"", ToString(seed),
                                                 "\", must have a host and a port of 1 to 65535"));
    }
  }
  if (options.page_bytes_max == 0) return InvalidOption("page_bytes_max", "0, must be positive");
  if (options.page_work_budget <= absl::ZeroDuration()) {
    return InvalidOption(
        "page_work_budget",
        absl::StrCat(absl::FormatDuration(options.page_work_budget), ", must be positive"));
  }
  if (options.retry_budget < absl::ZeroDuration()) {
    return InvalidOption("retry_budget", absl::StrCat(absl::FormatDuration(options.retry_budget),
                                                      ", must not be negative"));
  }
  absl::StatusOr<PageTokenCodec> tokens = PageTokenCodec::Create(options.page_token_keys);
  if (!tokens.ok()) return InvalidOption("page_token_keys", ToStd(tokens.status().message()));
  return tokens;
}

}  // namespace atestore::inline v0
