#pragma once

#include <string>
#include <utility>

#include "store/advanced.h"
#include "store/listing/actor_projection.h"
#include "store/listing/key_sink.h"
#include "store/listing/listing.h"
#include "store/listing/record_sinks.h"
#include "store/listing/serialized_actor_sink.h"

namespace atestore::inline v0 {

// Called for every record that cannot be read (P8); may be empty.
using OnUnreadableActor = PageSink<ateapi::Actor>::OnUnreadableRecord;

// A page while it is being read: where its records go, and what becomes of them. For ActorPage,
// SerializedActorPage and KeyPage. `recycled` gives its memory; the references must outlive it.
template <typename Page>
class OpenPage;

template <>
class OpenPage<ActorPage> {
 public:
  OpenPage(ActorPage recycled, const ActorProjection& projection,
           const OnUnreadableActor& on_unreadable)
      : response_(std::move(recycled.response)),
        sink_([&projection](std::string_view key, std::string_view value,
                            ateapi::Actor* actor) { return projection.Read(key, value, actor); },
              response_.mutable_actors(), on_unreadable) {}

  RecordSink& sink() { return sink_; }
  ActorPage Finish(const ListingEnd& end, const std::string& next_page_token) && {
    sink_.Finish();
    response_.set_next_page_token(next_page_token);
    return {.response = std::move(response_),
            .progress = ProgressOf(end.next),
            .skipped_records = sink_.unreadable(),
            .counters = CountersOf(end.counters)};
  }

 private:
  ateapi::ListActorsResponse response_;
  PageSink<ateapi::Actor> sink_;
};

template <>
class OpenPage<SerializedActorPage> {
 public:
  OpenPage(SerializedActorPage recycled, const ActorProjection& projection,
           const OnUnreadableActor& on_unreadable)
      : sink_(std::move(recycled.response), projection, on_unreadable) {}

  RecordSink& sink() { return sink_; }
  SerializedActorPage Finish(const ListingEnd& end, const std::string& next_page_token) && {
    const auto actors = static_cast<int32_t>(sink_.size());
    const int64_t unreadable = sink_.unreadable();
    return {.response = std::move(sink_).TakeResponse(next_page_token),
            .actors = actors,
            .next_page_token = next_page_token,
            .progress = ProgressOf(end.next),
            .skipped_records = unreadable,
            .counters = CountersOf(end.counters)};
  }

 private:
  SerializedActorSink sink_;
};

template <>
class OpenPage<KeyPage> {
 public:
  OpenPage(KeyPage recycled, size_t page_bytes_max, bool with_values)
      : sink_(std::move(recycled), page_bytes_max, with_values) {}

  RecordSink& sink() { return sink_; }
  KeyPage Finish(const ListingEnd& end, const std::string& next_page_token) && {
    return std::move(sink_).TakePage({.next_page_token = next_page_token,
                                      .progress = ProgressOf(end.next),
                                      .long_keys = end.counters.long_keys});
  }

 private:
  KeySink sink_;
};

}  // namespace atestore::inline v0
