#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "proto/ateapi.pb.h"
#include "store/pages.h"

namespace atestore::inline v0 {

// All actors of a listing, for one loop:
//
//   ActorRange actors = store->Actors(request);
//   for (absl::StatusOr<ateapi::Actor>& actor : actors) {
//     if (!actor.ok()) return actor.status();  // the last element
//     Use(*actor);
//   }
//
// An input range over the pages of an ActorReader: it can be walked once, and the element of one
// step is gone with the next. An element that is an error is the last one. Not thread-safe; the
// store must outlive it.
class ActorRange {
 public:
  class Iterator;

  ActorRange(ActorRange&&) noexcept;
  ActorRange& operator=(ActorRange&&) noexcept;
  // Cancels what is in flight, as ~PageReader() does.
  ~ActorRange();

  // Reads the first element. To be called once.
  Iterator begin();
  static std::default_sentinel_t end() { return std::default_sentinel; }

  // Where to go on, in any process: the page_token of a request with the same atespace and filter.
  // After an error, nothing is repeated. In the middle of a page it is the token of that page, so
  // up to a page of actors (page_size) comes again. "" is the beginning, nullopt the end: the
  // listing is complete.
  std::optional<std::string> page_token() const;
  // Unreadable records met so far, which are not among the elements.
  int64_t skipped_records() const;

 private:
  friend class ActorStore;
  struct State;
  // `reader`, or why there is none. `page_token`: where it begins.
  ActorRange(absl::StatusOr<std::unique_ptr<ActorReader>> reader, std::string page_token);

  std::unique_ptr<State> state_;
};

// Belongs to its range, which may be moved meanwhile.
class ActorRange::Iterator {
 public:
  using iterator_concept = std::input_iterator_tag;
  using value_type = absl::StatusOr<ateapi::Actor>;
  using difference_type = std::ptrdiff_t;

  Iterator() = default;
  // The element may be moved from.
  value_type& operator*() const;
  value_type* operator->() const { return &**this; }
  Iterator& operator++();
  void operator++(int) { ++*this; }
  friend bool operator==(const Iterator& iterator, std::default_sentinel_t) {
    return iterator.IsAtEnd();
  }

 private:
  friend class ActorRange;
  explicit Iterator(State* state) : state_(state) {}
  bool IsAtEnd() const;

  State* state_ = nullptr;
};

}  // namespace atestore::inline v0
