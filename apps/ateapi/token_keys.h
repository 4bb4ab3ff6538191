#pragma once

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "store/actor_store.h"

namespace atestore {

// Parses the text of a --page-token-key-file: one line per key, "ID:SECRET". ID is 1 … 255 and
// unique; SECRET is at least 16 bytes and used verbatim. Empty lines and lines that begin with '#'
// are skipped. The first key signs, all keys verify. INVALID_ARGUMENT names the line, never the
// secret.
absl::StatusOr<std::vector<PageTokenKey>> ParseTokenKeys(std::string_view text);

}  // namespace atestore
