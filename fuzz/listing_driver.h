#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/listing/list_walk.h"
#include "fuzz/byte_source.h"
#include "fuzz/lying_server.h"

namespace atestore::fuzz {

// After so many actions the driver's time is over, and it ends the listing …
inline constexpr int kActionsMax = 100;
// … which takes at most so many more until there is a page, an error or a pause, in which a driver
// gives up.
inline constexpr int kActionsToEndMax = 400;

// A page. Demands that it is given nothing but records that the filter wants.
class PageSink final : public RecordSink {
 public:
  // `filter` must outlive the sink.
  explicit PageSink(const KeyFilter& filter) : filter_(filter) {}

  absl::StatusOr<std::optional<size_t>> Add(std::string_view key, std::string_view value) override;
  size_t size() const override { return sizes_.size(); }
  void Remove(std::span<const size_t> indexes) override;
  void OnUnreadable(std::string_view key, const absl::Status& why) override;

  size_t bytes() const;

 private:
  const KeyFilter& filter_;
  std::vector<size_t> sizes_;
};

// Where a listing starts: one time in `near_the_end` + 1 anywhere, else close to the end, so that a
// walk over all that is left is short.
Position ReadStart(ByteSource& source, uint64_t near_the_end);
ListWalk::Options ReadOptions(ByteSource& source, const KeyFilter& filter, const Position& start);

// Demands that a listing only moves on, and to where a token can tell.
void CheckPosition(const std::optional<Position>& before, const std::optional<Position>& after);

// In which order requests are answered.
struct AnswerOrder {
  // Those to the same node in the order in which they were sent, as a transport does.
  bool per_node = false;
  // Once the input is used up: the newest first, and the walk sends more after every answer; else
  // the oldest first, and it sends no more.
  bool newest_first = false;
};

// Has all `requests` answered, and lets the walk send more in between. What was sent in all.
std::vector<ShardRequest> AnswerAll(std::vector<ShardRequest> requests, const Topology& topology,
                                    ByteSource& source, LyingServer& server, AnsweredWalk& walk,
                                    const AnswerOrder& order);

}  // namespace atestore::fuzz
