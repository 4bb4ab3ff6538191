#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/listing/migrating_slot.h"
#include "core/listing/name_list.h"
#include "core/listing/step.h"

namespace atestore {

// Where the records of a page go.
class RecordSink {
 public:
  virtual ~RecordSink() = default;
  // Takes a record at the end of the page. The number of bytes that it adds to the page, or why
  // the value cannot be read. `value` is followed by RespReader::kPadding readable bytes.
  virtual absl::StatusOr<size_t> Add(std::string_view key, std::string_view value) = 0;
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

// Fetches the values of names from the nodes where the names were found.
class ValuesRead final : public ListingStep {
 public:
  // The fate of one name.
  enum class Fate : uint8_t {
    kPending,
    kAdded,       // in the sink
    kGone,        // deleted since its name was read
    kUnreadable,  // wrong type, undecodable or larger than a page
    kNotKept,     // did not fit what is left of the page
    kObstructed,  // not told: see obstacle()
    kNull,        // MGET said null: deleted, or of a wrong type
    kAsked,       // the source of a migration sent us on
    kNullAtDestination,
  };

  // Reads the first `count` of `names`. `nodes` are the endpoints that the names' node indexes
  // count. `mget_keys`: of one command, at least 1. `bytes_left`: of the page. `names` and `sink`
  // must outlive the step.
  ValuesRead(const NameList* names, size_t count, std::vector<Endpoint> nodes, size_t mget_keys,
             size_t bytes_left, RecordSink* sink);
  // The same for names of a slot in migration.
  ValuesRead(const NameList* names, size_t count, Migration migration, MigrationFence fence,
             size_t bytes_left, RecordSink* sink);

  std::vector<ShardRequest> NextRound() override;
  void OnReply(size_t request, size_t command, const ReplyView& reply) override;
  void OnFailure(size_t request, const absl::Status& status) override;

  // Ends the step: names are passed in order up to the first that must stay for later, whose
  // records and those behind it leave the sink.
  struct Outcome {
    size_t passed = 0;       // names that are done
    size_t added = 0;        // records that stay in the sink
    size_t bytes = 0;        // of those
    bool page_full = false;  // the next record does not fit the page
  };
  // `page_empty`: no record was on the page, so that one which does not fit never will.
  // `all_or_nothing`: unless every name is done, none is.
  Outcome Finish(bool page_empty, bool all_or_nothing = false);

  // The first obstacle met.
  const std::optional<Obstacle>& obstacle() const { return obstacle_; }

 private:
  struct Item {
    Fate fate = Fate::kPending;
    uint32_t bytes = 0;
    uint32_t sink_index = 0;
  };
  // A command of the round and the items it asks for; an ASKING has none.
  struct Command {
    uint32_t first = 0;
    uint32_t count = 0;
  };
  struct Sent {
    size_t node = 0;
    std::vector<Command> commands;
    size_t bytes_added = 0;
  };
  enum class Round { kBegin, kValues, kAgain, kVerify, kDone };

  std::vector<ShardRequest> AskAll();
  std::vector<ShardRequest> AskNullsAgain();
  std::vector<ShardRequest> AskDestination();
  std::vector<ShardRequest> VerifyFence();
  void AddCommand(std::vector<ShardRequest>& requests, size_t node, size_t first, size_t count);
  size_t RequestTo(std::vector<ShardRequest>& requests, size_t node);
  void RemoveRecord(size_t item);
  void TakeBackFrom(size_t first);
  void OnValue(size_t request, size_t item, const ReplyView& value, bool alone);
  void OnError(size_t request, const Command& command, const ReplyView& reply);
  void OnFence(const ReplyView& reply);
  void Obstruct(size_t first, size_t count, Obstacle obstacle);
  void MarkUnreadable(size_t item, absl::Status why);

  const NameList* const names_;
  const std::vector<Endpoint> nodes_;
  std::vector<size_t> same_node_;  // index of the first node with the same endpoint
  const std::optional<Migration> migration_;
  const MigrationFence fence_;
  const size_t mget_keys_;
  const size_t bytes_left_;
  RecordSink* const sink_;
  Round round_ = Round::kBegin;
  std::vector<Item> items_;
  std::vector<Sent> sent_;
  std::vector<std::pair<size_t, absl::Status>> unreadable_;
  std::optional<Obstacle> obstacle_;
};

}  // namespace atestore
