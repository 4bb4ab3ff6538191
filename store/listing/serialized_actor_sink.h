#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/listing/values_read.h"
#include "proto/ateapi.pb.h"
#include "store/listing/actor_projection.h"
#include "store/listing/record_sinks.h"

namespace atestore::inline v0 {

// A page of actors as a serialized ateapi::ListActorsResponse. One message serves all records, so
// it stays in the processor's cache, and nothing is left to serialize when the last one arrives.
class SerializedActorSink final : public RecordSink {
 public:
  using OnUnreadableRecord = PageSink<ateapi::Actor>::OnUnreadableRecord;

  // `memory` is taken over, not what it holds. `on_unreadable` may be empty; both references must
  // outlive the sink.
  SerializedActorSink(std::string memory, const ActorProjection& projection,
                      const OnUnreadableRecord& on_unreadable)
      : projection_(projection), on_unreadable_(on_unreadable), bytes_(std::move(memory)) {
    bytes_.clear();
  }

  absl::StatusOr<std::optional<size_t>> Add(std::string_view key, std::string_view value) override;
  size_t size() const override { return ends_.size(); }
  void Remove(std::span<const size_t> indexes) override;
  void OnUnreadable(std::string_view key, const absl::Status& why) override;

  // The number of records that were passed over.
  int64_t unreadable() const { return unreadable_; }
  // The whole message; an empty token is the listing's end.
  std::string TakeResponse(std::string_view next_page_token) &&;

 private:
  const ActorProjection& projection_;
  const OnUnreadableRecord& on_unreadable_;
  int64_t unreadable_ = 0;
  ateapi::Actor actor_;
  std::string bytes_;
  std::vector<size_t> ends_;  // in bytes_, of each record
};

}  // namespace atestore::inline v0
