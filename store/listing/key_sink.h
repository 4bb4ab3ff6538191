#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "core/listing/values_read.h"
#include "store/key_listing.h"

namespace atestore::inline v0 {

// What a key takes of a page beside its own bytes and those of its value.
inline constexpr size_t kKeyOverheadBytes = 24;

// A page of keys while it is being read. Every key is a record, whatever it holds.
class KeySink final : public RecordSink {
 public:
  // `recycled` gives its memory. A value that does not fit a page of `page_bytes_max` with its key
  // is left out. `with_values`: whether any are read.
  KeySink(KeyPage recycled, size_t page_bytes_max, bool with_values);

  absl::StatusOr<std::optional<size_t>> Add(std::string_view key, std::string_view value) override;
  std::optional<size_t> AddWithoutValue(std::string_view key, NoValue why) override;
  size_t size() const override { return page_.size(); }
  void Remove(std::span<const size_t> indexes) override;
  // Never happens: every key is taken, and none is larger than a page.
  void OnUnreadable(std::string_view, const absl::Status&) override {}

  KeyPage TakePage(KeyPage::End end) &&;

 private:
  size_t Append(std::string_view key, std::string_view value, KeyPage::Value state);

  KeyPage page_;
  const size_t page_bytes_max_;
  const bool with_values_;
};

}  // namespace atestore::inline v0
