#include "apps/ateapi/token_keys.h"

#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "core/status.h"

namespace atestore {
namespace {

absl::Status LineError(size_t line, std::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("page token keys, line ", line, ": ", ToAbsl(what)));
}

}  // namespace

absl::StatusOr<std::vector<PageTokenKey>> ParseTokenKeys(std::string_view text) {
  std::vector<PageTokenKey> keys;
  std::set<uint32_t> ids;
  size_t line_number = 0;
  for (absl::string_view line : absl::StrSplit(ToAbsl(text), '\n')) {
    ++line_number;
    line = absl::StripSuffix(line, "\r");
    if (line.empty() || line.front() == '#') continue;
    const size_t colon = line.find(':');
    uint32_t id = 0;
    if (colon == absl::string_view::npos || !absl::SimpleAtoi(line.substr(0, colon), &id) ||
        id < 1 || id > 255) {
      return LineError(line_number, "must be ID:SECRET with an ID of 1 to 255");
    }
    if (!ids.insert(id).second) return LineError(line_number, "this ID is used twice");
    const absl::string_view secret = line.substr(colon + 1);
    if (secret.size() < kPageTokenSecretBytesMin) {
      return LineError(line_number, "the secret must have at least 16 bytes");
    }
    keys.push_back({.id = static_cast<uint8_t>(id), .secret = std::string(secret)});
  }
  if (keys.empty()) return InvalidArgumentError("page token keys: the file holds no key");
  return keys;
}

}  // namespace atestore
