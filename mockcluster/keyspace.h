#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/slot.h"

namespace mockcluster {

// How a server lays its keys out, which decides what a SCAN cursor means.
enum class Layout {
  kSingleTable,  // Redis 7.0, 7.2: one hash table a node, cursor in hash order
  kPerSlot,      // Valkey ≥ 8.0, Redis ≥ 7.4: one table a slot, cursor = position · 2¹⁴ + slot
};

struct Entry {
  std::string key;
  std::string value;
  std::string_view type = "string";            // as TYPE names it; other types carry no content
  std::optional<int64_t> expires_at_ms;        // virtual time
};

// The keys of one node process. Draft: the keyspace's author owns this file.
class Keyspace {
 public:
  struct ScanStep {
    uint64_t next_cursor;  // 0: the scan is complete
  };

  virtual ~Keyspace() = default;
};

}  // namespace mockcluster
