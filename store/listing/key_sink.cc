#include "store/listing/key_sink.h"

#include <algorithm>

namespace atestore::inline v0 {

std::string_view KeyPage::key(size_t index) const {
  const Entry& entry = entries_[index];
  return std::string_view(text_).substr(entry.offset, entry.key_bytes);
}

std::optional<std::string_view> KeyPage::value(size_t index) const {
  const Entry& entry = entries_[index];
  if (entry.value != Value::kPresent) return std::nullopt;
  return std::string_view(text_).substr(entry.offset + entry.key_bytes, entry.value_bytes);
}

std::optional<KeyPage::NoValue> KeyPage::no_value(size_t index) const {
  switch (entries_[index].value) {
    case Value::kNotAString:
      return NoValue::kNotAString;
    case Value::kTooLarge:
      return NoValue::kTooLarge;
    case Value::kPresent:
    case Value::kNotAskedFor:
      break;
  }
  return std::nullopt;
}

KeySink::KeySink(KeyPage recycled, size_t page_bytes_max, bool with_values)
    : page_(std::move(recycled)), page_bytes_max_(page_bytes_max), with_values_(with_values) {
  page_.text_.clear();
  page_.entries_.clear();
}

absl::StatusOr<std::optional<size_t>> KeySink::Add(std::string_view key, std::string_view value) {
  if (!with_values_) return Append(key, {}, KeyPage::Value::kNotAskedFor);
  if (key.size() + value.size() + kKeyOverheadBytes > page_bytes_max_) {
    return Append(key, {}, KeyPage::Value::kTooLarge);
  }
  return Append(key, value, KeyPage::Value::kPresent);
}

std::optional<size_t> KeySink::AddWithoutValue(std::string_view key, NoValue why) {
  return Append(
      key, {}, why == NoValue::kTooLarge ? KeyPage::Value::kTooLarge : KeyPage::Value::kNotAString);
}

size_t KeySink::Append(std::string_view key, std::string_view value, KeyPage::Value state) {
  page_.entries_.push_back({.offset = page_.text_.size(),
                            .key_bytes = static_cast<uint32_t>(key.size()),
                            .value_bytes = static_cast<uint32_t>(value.size()),
                            .value = state});
  page_.text_.append(key);
  page_.text_.append(value);
  return key.size() + value.size() + kKeyOverheadBytes;
}

void KeySink::Remove(std::span<const size_t> indexes) {
  // Their text stays in the page: it is removed at its end, or not much.
  size_t kept = 0;
  for (size_t index = 0; index < page_.entries_.size(); ++index) {
    if (!indexes.empty() && indexes.front() == index) {
      indexes = indexes.subspan(1);
      continue;
    }
    page_.entries_[kept++] = page_.entries_[index];
  }
  page_.entries_.resize(kept);
}

KeyPage KeySink::TakePage(KeyPage::End end) && {
  page_.end_ = std::move(end);
  return std::move(page_);
}

}  // namespace atestore::inline v0
