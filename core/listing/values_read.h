#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/listing/commit.h"
#include "core/listing/key_list.h"
#include "core/listing/migrating_slot.h"
#include "core/listing/step.h"

namespace atestore::inline v0 {

// Why a key that exists has no value to list.
enum class NoValue {
  kNotAString,  // of another type
  kTooLarge,    // over RespLimits::bulk_bytes_max
};

// Collects the records of a page.
class RecordSink {
 public:
  virtual ~RecordSink() = default;
  // Appends a record to the page and returns the number of bytes that it adds. nullopt: the record
  // is not wanted and was not added. Error: why the value cannot be read. `value` is followed by
  // RespReader::kPadding readable bytes; it is empty when only keys are listed.
  virtual absl::StatusOr<std::optional<size_t>> Add(std::string_view key,
                                                    std::string_view value) = 0;
  // The same for a record whose value cannot be read. nullopt: it was not added and counts as
  // unreadable.
  virtual std::optional<size_t> AddWithoutValue(std::string_view /*key*/, NoValue /*why*/) {
    return std::nullopt;
  }
  // The number of records on the page.
  virtual size_t size() const = 0;
  // Removes the records at these ascending indexes; the others keep their order.
  virtual void Remove(std::span<const size_t> indexes) = 0;
  // Reports a record that is skipped because it cannot be read.
  virtual void OnUnreadable(std::string_view key, const absl::Status& why) = 0;
};

// Removes the records at these indexes, in any order.
void RemoveFrom(RecordSink* sink, std::vector<size_t> indexes);

// The most keys of one MGET, and about how many bytes of values it may request. They limit what one
// command costs the server and how large one reply can be.
inline constexpr size_t kMgetKeysMax = 64;
inline constexpr size_t kMgetBytes = size_t{128} << 10;

// How many keys one MGET should hold if each value has `value_bytes` bytes.
size_t MgetKeysFor(double value_bytes);

// The most bytes of values that one part may request: a server buffers all replies to a part before
// it sends the first one, and closes the connection beyond its client-output-buffer-limit.
inline constexpr size_t kValuesPartBytes = size_t{1} << 20;

// Values are requested in parts of about this many keys. At most two of them wait at a near node:
// while the node reads one part, the values of the other are transferred and decoded, and other
// clients are served in between (docs/performance.md). At a far node more of them wait: Depth.
inline constexpr size_t kValuesPartKeys = 128;
inline constexpr size_t kValuesPartsAtOnce = 2;

// Fetches the values of keys from the nodes where the keys were found.
class ValuesRead final : public ListingStep {
 public:
  struct Bounds {
    size_t bytes_left;                   // room on the page; stop decoding soon after it is used up
    size_t mget_keys = 1;                // keys of one command, at least 1
    size_t part_keys = kValuesPartKeys;  // keys of one part, at least 1
    size_t parts_at_once = kValuesPartsAtOnce;  // parts that wait at one node, at least 1
    bool keys_only = false;                     // request no values: every key is a record
    // The keys were read long ago: each node must pass PrimaryCheck again before its values count,
    // for it may have been replaced and started with older data.
    bool checks_nodes = false;
  };
  // Reads the values of the first `count` of `keys`. KeyList::Key::node is an index into `nodes`.
  // `keys` and `sink` must outlive the step.
  ValuesRead(const KeyList* keys, size_t count, std::vector<Endpoint> nodes, const Bounds& bounds,
             RecordSink* sink);
  // The same for keys of a slot in migration, with one key per command. A key that is on neither
  // node is kFailed, not kDeleted: either node may be reloading, or the migration may have been set
  // again, so its absence proves nothing. Read the slot's keys again: a deleted key is not among
  // them.
  ValuesRead(const KeyList* keys, size_t count, Migration migration, const Bounds& bounds,
             RecordSink* sink);

  std::vector<ShardRequest> NextRound() override;
  std::vector<ShardRequest> More() override;
  void OnReply(size_t request, size_t command, const ReplyView& reply) override;
  void OnFailure(size_t request, const absl::Status& status) override;

  // What is known about each key; final when the step is done.
  std::span<const ValueResult> results() const { return results_; }
  // Reports to the sink the unreadable keys among the first `passed`, and the `too_large` ones.
  void TellUnreadable(size_t passed, std::span<const size_t> too_large) const;
  // The sink's indexes of the records that belong to the keys from index `first` on.
  std::vector<size_t> RecordsFrom(size_t first) const;

  // The number of values received, wanted or not, and their size.
  size_t values() const { return values_; }
  size_t value_bytes() const { return value_bytes_; }

  // The first error.
  const std::optional<ReadError>& error() const { return error_; }

 private:
  // How a key that is still kPending after the first round is requested again.
  enum class Retry : uint8_t {
    kNone,
    kGet,              // alone: the value was null, or too large in MGET
    kFromDestination,  // the source of a migration answered ASK
  };
  // A command of the round and the keys that it requests; ASKING has none.
  struct Command {
    uint32_t first = 0;
    uint32_t count = 0;
  };
  // Commands for one node that are sent together.
  struct Part {
    ShardRequest request;
    size_t node = 0;
    std::vector<Command> commands;
    size_t keys = 0;
    bool is_sent = false;
    bool is_answered = false;  // its first command has been answered
    bool asks_first = false;   // begins with PrimaryCheck, which `commands` does not have
  };
  struct NodeState {
    size_t last_part = 0;      // index in parts_
    size_t parts_waiting = 0;  // parts sent but not answered
    size_t bytes_added = 0;    // bytes added to the page
    bool is_asked = false;     // a part for it asks first
  };
  enum class Round { kBegin, kValues, kAgain, kDone };

  bool Waits(size_t key, Retry how) const {
    return results_[key].state == ValueState::kPending && retry_[key] == how;
  }
  void AddKeys();
  void AskAll();
  void AskNullsAgain();
  void AskDestination();
  void AddCommand(Part& part, size_t first, size_t count);
  Part& PartFor(size_t node, std::string_view key);
  Part& PartOf(size_t request) { return parts_[sent_[request]]; }
  void OnValue(size_t node, size_t item, const ReplyView& value, bool alone);
  void AddRecord(size_t node, size_t item, std::string_view value);
  void AddWithoutValue(size_t node, size_t item, NoValue why, absl::Status status);
  void OnAdded(size_t node, size_t item, size_t bytes);
  void OnError(size_t node, const Command& command, const ReplyView& reply);
  void NoteError(size_t first, size_t count, ReadError error);
  void MarkUnreadable(size_t item, absl::Status why);

  const KeyList* const keys_;
  const std::vector<Endpoint> nodes_;
  std::vector<size_t> same_node_;  // index of the first node with the same endpoint
  const std::optional<Migration> migration_;
  const Bounds bounds_;
  RecordSink* const sink_;
  Round round_ = Round::kBegin;
  std::vector<ValueResult> results_;
  std::vector<Retry> retry_;
  size_t first_left_ = SIZE_MAX;   // the first key known to be kDeferred or kFailed
  std::vector<NodeState> states_;  // one per node, indexed by same_node_
  std::vector<Part> parts_;        // of this round
  std::vector<size_t> sent_;       // indexes of the parts, in the order in which they were sent
  std::vector<std::pair<size_t, absl::Status>> unreadable_;
  size_t values_ = 0;
  size_t value_bytes_ = 0;
  std::optional<ReadError> error_;
};

}  // namespace atestore::inline v0
