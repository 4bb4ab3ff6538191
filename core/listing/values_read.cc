#include "core/listing/values_read.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/status.h"

namespace atestore::inline v0 {

void RemoveFrom(RecordSink* sink, std::vector<size_t> indexes) {
  if (indexes.empty()) return;
  std::sort(indexes.begin(), indexes.end());
  sink->Remove(indexes);
}

size_t MgetKeysFor(double value_bytes) {
  double keys = static_cast<double>(kMgetBytes) / std::max(value_bytes, 1.0);
  return static_cast<size_t>(std::clamp(keys, 1.0, static_cast<double>(kMgetKeysMax)));
}

ValuesRead::ValuesRead(const KeyList* keys, size_t count, std::vector<Endpoint> nodes,
                       const Bounds& bounds, RecordSink* sink)
    : keys_(keys),
      nodes_(std::move(nodes)),
      bounds_(bounds),
      sink_(sink),
      results_(count),
      retry_(count) {
  for (const Endpoint& node : nodes_) {
    same_node_.push_back(std::find(nodes_.begin(), nodes_.end(), node) - nodes_.begin());
  }
  states_.resize(nodes_.size());
}

ValuesRead::ValuesRead(const KeyList* keys, size_t count, Migration migration, const Bounds& bounds,
                       RecordSink* sink)
    : keys_(keys),
      nodes_({migration.source, migration.destination}),
      same_node_({MigratingSlot::kSource, MigratingSlot::kDestination}),
      migration_(std::move(migration)),
      bounds_(bounds),
      sink_(sink),
      results_(count),
      retry_(count),
      states_(nodes_.size()) {}

std::vector<ShardRequest> ValuesRead::NextRound() {
  parts_.clear();
  sent_.clear();
  if (round_ == Round::kBegin && bounds_.keys_only) {
    AddKeys();
  } else if (round_ == Round::kBegin) {
    round_ = Round::kValues;
    AskAll();
  } else if (round_ == Round::kValues) {
    round_ = Round::kAgain;
    migration_ ? AskDestination() : AskNullsAgain();
  }
  std::vector<ShardRequest> requests = More();
  if (requests.empty()) round_ = Round::kDone;
  return requests;
}

std::vector<ShardRequest> ValuesRead::More() {
  std::vector<ShardRequest> requests;
  for (size_t index = 0; index < parts_.size(); ++index) {
    Part& part = parts_[index];
    NodeState& node = states_[part.node];
    // Keys after one that is deferred or failed cannot be committed, so do not request them.
    bool wanted = part.commands[0].first < first_left_;
    if (part.is_sent || !wanted || node.parts_waiting == bounds_.parts_at_once) continue;
    part.is_sent = true;
    ++node.parts_waiting;
    sent_.push_back(index);
    requests.push_back(std::move(part.request));
  }
  return requests;
}

// Makes every key a record: it existed when its slot was read.
void ValuesRead::AddKeys() {
  static constexpr char kNothing[RespReader::kPadding] = {};
  for (size_t item = 0; item < results_.size(); ++item) {
    AddRecord(same_node_[(*keys_)[item].node], item, std::string_view(kNothing, 0));
  }
}

void ValuesRead::AskAll() {
  for (size_t first = 0; first < results_.size();) {
    KeyList::Key key = (*keys_)[first];
    // In a migration, ask the source first, one key per command, as clients do.
    size_t node = migration_ ? MigratingSlot::kSource : key.node;
    size_t keys_max = migration_ ? 1 : bounds_.mget_keys;
    size_t end = first + 1;
    while (end < results_.size() && end - first < keys_max && (*keys_)[end].slot == key.slot) {
      ++end;
    }
    AddCommand(PartFor(node, key.text), first, end - first);
    first = end;
  }
}

// The part of this round to which a command for `key` at a node is added.
ValuesRead::Part& ValuesRead::PartFor(size_t node, std::string_view key) {
  const size_t same = same_node_[node];
  NodeState& state = states_[same];
  bool fits = state.last_part < parts_.size() && parts_[state.last_part].node == same &&
              parts_[state.last_part].keys < bounds_.part_keys;
  if (fits) return parts_[state.last_part];
  state.last_part = parts_.size();
  Part& part = parts_.emplace_back(Part{.request = {.endpoint = nodes_[same]}, .node = same});
  const bool first_of_old_keys = bounds_.checks_nodes && !std::exchange(state.is_asked, true);
  part.asks_first = !migration_ && (round_ == Round::kAgain || first_of_old_keys);
  if (part.asks_first) PrimaryCheck::AddTo(part.request.pipeline, key);
  return part;
}

void ValuesRead::AddCommand(Part& part, size_t first, size_t count) {
  Pipeline& pipeline = part.request.pipeline;
  pipeline.Begin(count + 1);
  pipeline.AddArgument(count == 1 ? "GET" : "MGET");
  for (size_t item = first; item < first + count; ++item) {
    pipeline.AddArgument((*keys_)[item].text);
  }
  part.keys += count;
  part.commands.push_back(
      {.first = static_cast<uint32_t>(first), .count = static_cast<uint32_t>(count)});
}

void ValuesRead::AskNullsAgain() {
  // MGET returns null also for a key of another type; GET tells it from a deleted key. And a key is
  // deleted only if a node says so that may answer for its slot.
  for (size_t item = 0; item < results_.size(); ++item) {
    if (!Waits(item, Retry::kGet)) continue;
    AddCommand(PartFor((*keys_)[item].node, (*keys_)[item].text), item, 1);
  }
}

void ValuesRead::AskDestination() {
  for (size_t item = 0; item < results_.size(); ++item) {
    if (!Waits(item, Retry::kFromDestination)) continue;
    Part& part = PartFor(MigratingSlot::kDestination, (*keys_)[item].text);
    part.request.pipeline.Add({"ASKING"});
    part.commands.push_back({.first = static_cast<uint32_t>(item)});
    AddCommand(part, item, 1);
  }
}

void ValuesRead::OnReply(size_t request, size_t command, const ReplyView& reply) {
  Part& part = PartOf(request);
  // A server replies after it has executed all commands that it has read: the node is free again.
  if (!std::exchange(part.is_answered, true)) --states_[part.node].parts_waiting;
  if (part.asks_first) {
    if (command < PrimaryCheck::kCommands) {
      if (auto error = PrimaryCheck::ErrorIn(command, reply, nodes_[part.node])) {
        for (const Command& refused : part.commands) {
          NoteError(refused.first, refused.count, *error);
        }
      }
      return;
    }
    command -= PrimaryCheck::kCommands;
  }
  const Command& asked = part.commands[command];
  if (reply.is_error()) return OnError(part.node, asked, reply);
  if (asked.count == 0) return;  // ASKING: OK
  if (asked.count == 1) return OnValue(part.node, asked.first, reply, /*alone=*/true);
  if (!reply.is_array() || reply.size() != asked.count) {
    return NoteError(asked.first, asked.count,
                     ReadError::Reread(nodes_[part.node], "MGET: unexpected reply"));
  }
  size_t item = asked.first;
  for (ReplyView value : reply) OnValue(part.node, item++, value, /*alone=*/false);
}

void ValuesRead::OnValue(size_t node, size_t item, const ReplyView& value, bool alone) {
  ValueResult& result = results_[item];
  if (result.state == ValueState::kFailed) return;
  if (value.is_null()) {
    if (migration_) {
      return NoteError(item, 1, ReadError::Reread(nodes_[node], "a key is on neither node"));
    }
    if (round_ == Round::kValues) {
      retry_[item] = Retry::kGet;
    } else {
      result.state = ValueState::kDeleted;
    }
    return;
  }
  if (value.type() == RespType::kDropped) {
    // The parser dropped the value for its own size or that of the whole reply: alone it may fit.
    if (!alone) {
      retry_[item] = Retry::kGet;
      return;
    }
    return AddWithoutValue(
        node, item, NoValue::kTooLarge,
        DataLossError(absl::StrCat("a value of ", value.integer(), " bytes is over the limit")));
  }
  ++values_;
  value_bytes_ += value.text().size();
  AddRecord(node, item, value.text());
}

void ValuesRead::AddRecord(size_t node, size_t item, std::string_view value) {
  ValueResult& result = results_[item];
  // The first record is always added, even if only GET has found it: otherwise a record that is too
  // large would block the listing.
  if (item > 0 && states_[node].bytes_added > bounds_.bytes_left) {
    result.state = ValueState::kDeferred;
    first_left_ = std::min(first_left_, item);
    return;
  }
  absl::StatusOr<std::optional<size_t>> bytes = sink_->Add((*keys_)[item].text, value);
  if (!bytes.ok()) return MarkUnreadable(item, bytes.status());
  if (!*bytes) {
    result.state = ValueState::kUnwanted;
    return;
  }
  OnAdded(node, item, **bytes);
}

// Adds a key that exists but whose value cannot be read: `status` says why. A key takes so little
// memory that it is never deferred here; CountCommittable() decides whether it fits the page.
void ValuesRead::AddWithoutValue(size_t node, size_t item, NoValue why, absl::Status status) {
  std::optional<size_t> bytes = sink_->AddWithoutValue((*keys_)[item].text, why);
  if (!bytes) return MarkUnreadable(item, std::move(status));
  OnAdded(node, item, *bytes);
}

void ValuesRead::OnAdded(size_t node, size_t item, size_t bytes) {
  states_[node].bytes_added += bytes;
  results_[item] = {.state = ValueState::kRecord,
                    .bytes = static_cast<uint32_t>(bytes),
                    .staged = static_cast<uint32_t>(sink_->size() - 1)};
}

void ValuesRead::OnError(size_t node, const Command& command, const ReplyView& reply) {
  // After a refused ASKING, ignore the reply to the command that follows it.
  if (results_[command.first].state == ValueState::kFailed) return;
  const Endpoint& endpoint = nodes_[node];
  ServerError error = ParseServerError(reply.text(), endpoint);
  if (command.count == 1 && error.kind == ServerErrorKind::kWrongType) {
    return AddWithoutValue(node, command.first, NoValue::kNotAString,
                           DataLossError("the key does not hold a string"));
  }
  if (migration_ && round_ == Round::kValues && error.kind == ServerErrorKind::kAsk &&
      error.endpoint == migration_->destination) {
    retry_[command.first] = Retry::kFromDestination;
    return;
  }
  NoteError(command.first, std::max<size_t>(command.count, 1),
            ReadError::FromError(error, endpoint));
}

void ValuesRead::OnFailure(size_t request, const absl::Status& status) {
  Part& part = PartOf(request);
  if (!part.is_answered) --states_[part.node].parts_waiting;
  ReadError error = ReadError::FromFailure(status, nodes_[part.node]);
  for (const Command& command : part.commands) {
    for (size_t item = command.first; item < command.first + command.count; ++item) {
      const bool known = results_[item].state != ValueState::kPending ||
                         (retry_[item] == Retry::kGet && round_ == Round::kValues);
      if (!known) NoteError(item, 1, error);
    }
  }
  if (!error_) error_ = error;
}

void ValuesRead::NoteError(size_t first, size_t count, ReadError error) {
  for (size_t item = first; item < first + count; ++item)
    results_[item].state = ValueState::kFailed;
  first_left_ = std::min(first_left_, first);
  if (!error_) error_ = std::move(error);
}

void ValuesRead::MarkUnreadable(size_t item, absl::Status why) {
  results_[item].state = ValueState::kUnreadable;
  unreadable_.emplace_back(item, std::move(why));
}

void ValuesRead::TellUnreadable(size_t passed, std::span<const size_t> too_large) const {
  for (const auto& [key, why] : unreadable_) {
    if (key < passed) sink_->OnUnreadable((*keys_)[key].text, why);
  }
  for (const size_t key : too_large) {
    sink_->OnUnreadable((*keys_)[key].text, DataLossError("the record is larger than a page"));
  }
}

std::vector<size_t> ValuesRead::RecordsFrom(size_t first) const {
  std::vector<size_t> indexes;
  for (size_t item = first; item < results_.size(); ++item) {
    if (results_[item].state == ValueState::kRecord) indexes.push_back(results_[item].staged);
  }
  return indexes;
}

}  // namespace atestore::inline v0
