#pragma once

#include <string_view>

namespace atestore::inline v0 {

// True when the server keeps a table for each slot, so that SCAN walks slots in ascending order:
// Valkey ≥ 8.0 and Redis ≥ 7.4. `info` is the text of INFO server. Valkey also reports Redis 7.2.4,
// for old clients, so its own version takes precedence. False when the text has no version.
bool HasPerSlotTables(std::string_view info);

}  // namespace atestore::inline v0
