#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "core/listing/values_read.h"
#include "google/protobuf/repeated_field.h"

namespace atestore::inline v0 {

// Tag and length of an element of a repeated field: one byte and at most five.
inline constexpr size_t kElementOverheadBytes = 6;

// A page of decoded records. Messages that the page holds at the beginning are decoded into, for
// their memory, and are not records; Finish() drops those that were not needed.
template <typename Message>
class PageSink final : public RecordSink {
 public:
  // Decodes the value of a key, padded as RecordSink::Add() has it. False: the record is not
  // wanted. DATA_LOSS when it cannot be read.
  using Decode = std::function<absl::StatusOr<bool>(std::string_view key, std::string_view value,
                                                    Message* record)>;
  using OnUnreadableRecord = std::function<void(std::string_view key, const absl::Status& why)>;

  // `page` must outlive the sink. `on_unreadable` may be empty.
  PageSink(Decode decode, google::protobuf::RepeatedPtrField<Message>* page,
           const OnUnreadableRecord& on_unreadable)
      : decode_(std::move(decode)), page_(page), on_unreadable_(on_unreadable) {}

  absl::StatusOr<std::optional<size_t>> Add(std::string_view key, std::string_view value) override {
    Message* record = size_ < page_->size() ? page_->Mutable(size_) : page_->Add();
    absl::StatusOr<bool> wanted = decode_(key, value, record);
    if (!wanted.ok()) return wanted.status();
    if (!*wanted) return std::nullopt;
    ++size_;
    return record->ByteSizeLong() + kElementOverheadBytes;
  }
  size_t size() const override { return static_cast<size_t>(size_); }
  void Remove(std::span<const size_t> indexes) override {
    for (auto index = indexes.rbegin(); index != indexes.rend(); ++index) {
      page_->DeleteSubrange(static_cast<int>(*index), 1);
    }
    size_ -= static_cast<int>(indexes.size());
  }
  void OnUnreadable(std::string_view key, const absl::Status& why) override {
    ++unreadable_;
    if (on_unreadable_) on_unreadable_(key, why);
  }

  void Finish() {
    while (page_->size() > size_) page_->RemoveLast();
  }

  // The number of records that were passed over.
  int64_t unreadable() const { return unreadable_; }

 private:
  const Decode decode_;
  google::protobuf::RepeatedPtrField<Message>* const page_;
  const OnUnreadableRecord& on_unreadable_;
  int size_ = 0;
  int64_t unreadable_ = 0;
};

// Stops looking after the first key.
class AnyRecordSink final : public RecordSink {
 public:
  absl::StatusOr<std::optional<size_t>> Add(std::string_view, std::string_view) override {
    ++size_;
    return size_t{0};
  }
  size_t size() const override { return size_; }
  void Remove(std::span<const size_t> indexes) override { size_ -= indexes.size(); }
  // A record that cannot be read is a record.
  void OnUnreadable(std::string_view, const absl::Status&) override { unreadable_ = true; }

  bool found() const { return size_ > 0 || unreadable_; }

 private:
  size_t size_ = 0;
  bool unreadable_ = false;
};

}  // namespace atestore::inline v0
