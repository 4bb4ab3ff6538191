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

namespace atestore {

// Why a key that exists has no value to list.
enum class NoValue {
  kNotAString,  // of another type
  kTooLarge,    // over RespLimits::bulk_bytes_max
};

// Where the records of a page go.
class RecordSink {
 public:
  virtual ~RecordSink() = default;
  // Takes a record at the end of the page. The number of bytes that it adds to the page; nullopt
  // when the record is not wanted and was not taken; or why the value cannot be read. `value` is
  // followed by RespReader::kPadding readable bytes, and empty where keys are listed alone.
  virtual absl::StatusOr<std::optional<size_t>> Add(std::string_view key,
                                                    std::string_view value) = 0;
  // The same for a record whose value cannot be read. nullopt: it is not taken, and unreadable.
  virtual std::optional<size_t> AddWithoutValue(std::string_view /*key*/, NoValue /*why*/) {
    return std::nullopt;
  }
  // The number of records on the page.
  virtual size_t size() const = 0;
  // Takes the records at these ascending indexes back; the others keep their order.
  virtual void Remove(std::span<const size_t> indexes) = 0;
  // A record that is passed over because it cannot be read (P8).
  virtual void OnUnreadable(std::string_view key, const absl::Status& why) = 0;
};

// Most keys of one MGET, and about how many bytes of values it may ask for. Bounds what one command
// costs the server and what one reply can hold.
inline constexpr size_t kMgetKeysMax = 64;
inline constexpr size_t kMgetBytes = size_t{128} << 10;

// Keys of one MGET for values of so many bytes each.
size_t MgetKeysFor(double value_bytes);

// The most bytes of values that one part may ask for: a server holds all of its replies before it
// sends the first one, and closes the connection beyond its client-output-buffer-limit.
inline constexpr size_t kValuesPartBytes = size_t{1} << 20;

// The values of a page are asked for in parts of about so many keys, of which a node has at most
// two to work on: while it reads one, the other's values travel and are decoded, and other clients
// get their turn in between (docs/performance.md).
inline constexpr size_t kValuesPartKeys = 128;
inline constexpr size_t kValuesPartsAtOnce = 2;

// Fetches the values of keys from the nodes where the keys were found.
class ValuesRead final : public ListingStep {
 public:
  struct Bounds {
    size_t bytes_left;                   // of the page: no node's records are decoded far beyond
    size_t mget_keys = 1;                // of one command
    size_t part_keys = kValuesPartKeys;  // both at least 1
    bool keys_only = false;              // asks for no values: every key is a record
  };
  // Reads the first `count` of `keys`. `nodes` are the endpoints that the keys' node indexes
  // count. `keys` and `sink` must outlive the step.
  ValuesRead(const KeyList* keys, size_t count, std::vector<Endpoint> nodes, const Bounds& bounds,
             RecordSink* sink);
  // The same for keys of a slot in migration, one key a command. A key that is on neither node has
  // failed rather than been deleted: that the source sent us on and the destination has it not
  // proves nothing while either may be reloading or the migration be set again. Read the slot's
  // keys again: a deleted one is not among them.
  ValuesRead(const KeyList* keys, size_t count, Migration migration, const Bounds& bounds,
             RecordSink* sink);

  std::vector<ShardRequest> NextRound() override;
  std::vector<ShardRequest> More() override;
  void OnReply(size_t request, size_t command, const ReplyView& reply) override;
  void OnFailure(size_t request, const absl::Status& status) override;

  // What is known of each key; final when the step is done.
  std::span<const ValueResult> results() const { return results_; }
  // Tells the sink of those among the first `passed` that cannot be read, and of `too_large`.
  void TellUnreadable(size_t passed, std::span<const size_t> too_large) const;
  // Indexes in the sink of the records of keys from `first` on.
  std::vector<size_t> RecordsFrom(size_t first) const;

  // The values that came, of what is wanted or not, and their bytes.
  size_t values() const { return values_; }
  size_t value_bytes() const { return value_bytes_; }

  // The first error met.
  const std::optional<ReadError>& error() const { return error_; }

 private:
  // What the first round left open.
  enum class Open : uint8_t {
    kNo,
    kNull,   // MGET said null: deleted, or of a wrong type
    kAsked,  // the source of a migration sent us on
  };
  // A command of the round and the items it asks for; an ASKING has none.
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
    bool is_answered = false;  // its first command is
  };
  struct NodeState {
    size_t last_part = 0;      // in parts_
    size_t parts_waiting = 0;  // for their first reply
    size_t bytes_added = 0;    // to the page
  };
  enum class Round { kBegin, kValues, kAgain, kDone };

  bool Waits(size_t key, Open why) const {
    return results_[key].state == ValueState::kPending && open_[key] == why;
  }
  void AddKeys();
  void AskAll();
  void AskNullsAgain();
  void AskDestination();
  void AddCommand(Part& part, size_t first, size_t count);
  Part& PartFor(size_t node);
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
  std::vector<Open> open_;
  size_t first_left_ = SIZE_MAX;   // the first key known to be left for later
  std::vector<NodeState> states_;  // of nodes, by the index in same_node_
  std::vector<Part> parts_;        // of the round
  std::vector<size_t> sent_;       // their indexes, in the order in which they were sent
  std::vector<std::pair<size_t, absl::Status>> unreadable_;
  size_t values_ = 0;
  size_t value_bytes_ = 0;
  std::optional<ReadError> error_;
};

}  // namespace atestore
