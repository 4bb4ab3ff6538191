#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/listing/list_walk.h"

namespace atestore {

// The keys of a page, each of which must be readable.
class KeysSink final : public RecordSink {
 public:
  absl::StatusOr<std::optional<size_t>> Add(std::string_view key, std::string_view value) override {
    keys.emplace_back(key);
    return value.size();
  }
  size_t size() const override { return keys.size(); }
  void Remove(std::span<const size_t> indexes) override {
    for (auto index = indexes.rbegin(); index != indexes.rend(); ++index) {
      keys.erase(keys.begin() + static_cast<std::ptrdiff_t>(*index));
    }
  }
  void OnUnreadable(std::string_view key, const absl::Status& why) override {
    ADD_FAILURE() << key << ": " << why;
  }

  std::vector<std::string> keys;
};

}  // namespace atestore
