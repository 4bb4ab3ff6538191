#include "core/listing/values_read.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/status.h"

namespace atestore {

size_t MgetKeysFor(double value_bytes) {
  double keys = static_cast<double>(kMgetBytes) / std::max(value_bytes, 1.0);
  return static_cast<size_t>(std::clamp(keys, 1.0, static_cast<double>(kMgetKeysMax)));
}

ValuesRead::ValuesRead(const NameList* names, size_t count, std::vector<Endpoint> nodes,
                       size_t mget_keys, size_t bytes_left, RecordSink* sink)
    : names_(names),
      nodes_(std::move(nodes)),
      mget_keys_(mget_keys),
      bytes_left_(bytes_left),
      sink_(sink),
      items_(count) {
  for (const Endpoint& node : nodes_) {
    same_node_.push_back(std::find(nodes_.begin(), nodes_.end(), node) - nodes_.begin());
  }
}

ValuesRead::ValuesRead(const NameList* names, size_t count, Migration migration,
                       MigrationFence fence, size_t bytes_left, RecordSink* sink)
    : names_(names),
      nodes_({migration.source, migration.destination}),
      same_node_({MigratingSlot::kSource, MigratingSlot::kDestination}),
      migration_(std::move(migration)),
      fence_(fence),
      // The source is where clients of a slot in migration ask first, one key at a time.
      mget_keys_(1),
      bytes_left_(bytes_left),
      sink_(sink),
      items_(count) {}

std::vector<ShardRequest> ValuesRead::NextRound() {
  sent_.clear();
  std::vector<ShardRequest> requests;
  if (round_ == Round::kBegin) {
    round_ = Round::kValues;
    requests = AskAll();
  } else if (round_ == Round::kValues) {
    round_ = Round::kAgain;
    requests = migration_ ? AskDestination() : AskNullsAgain();
  } else if (round_ == Round::kAgain && migration_) {
    round_ = Round::kVerify;
    requests = VerifyFence();
  }
  if (requests.empty()) round_ = Round::kDone;
  return requests;
}

std::vector<ShardRequest> ValuesRead::AskAll() {
  std::vector<ShardRequest> requests;
  for (size_t first = 0; first < items_.size();) {
    NameList::Name name = (*names_)[first];
    size_t node = migration_ ? MigratingSlot::kSource : name.node;
    size_t end = first + 1;
    while (end < items_.size() && end - first < mget_keys_ && (*names_)[end].slot == name.slot) {
      ++end;
    }
    AddCommand(requests, node, first, end - first);
    first = end;
  }
  return requests;
}

size_t ValuesRead::RequestTo(std::vector<ShardRequest>& requests, size_t node) {
  const size_t same = same_node_[node];
  for (size_t request = 0; request < sent_.size(); ++request) {
    if (sent_[request].node == same) return request;
  }
  requests.push_back({.endpoint = nodes_[same]});
  sent_.push_back({.node = same});
  return sent_.size() - 1;
}

void ValuesRead::AddCommand(std::vector<ShardRequest>& requests, size_t node, size_t first,
                            size_t count) {
  size_t request = RequestTo(requests, node);
  Pipeline& pipeline = requests[request].pipeline;
  pipeline.Begin(count + 1);
  pipeline.AddArgument(count == 1 ? "GET" : "MGET");
  for (size_t item = first; item < first + count; ++item) {
    pipeline.AddArgument((*names_)[item].text);
  }
  sent_[request].commands.push_back(
      {.first = static_cast<uint32_t>(first), .count = static_cast<uint32_t>(count)});
}

std::vector<ShardRequest> ValuesRead::AskNullsAgain() {
  // MGET says null for a key of another type too; GET tells it from a deleted one.
  std::vector<ShardRequest> requests;
  for (size_t item = 0; item < items_.size(); ++item) {
    if (items_[item].fate == Fate::kNull) AddCommand(requests, (*names_)[item].node, item, 1);
  }
  return requests;
}

std::vector<ShardRequest> ValuesRead::AskDestination() {
  std::vector<ShardRequest> requests;
  for (size_t item = 0; item < items_.size(); ++item) {
    if (items_[item].fate != Fate::kAsked) continue;
    size_t request = RequestTo(requests, MigratingSlot::kDestination);
    requests[request].pipeline.Add({"ASKING"});
    sent_[request].commands.push_back({.first = static_cast<uint32_t>(item)});
    AddCommand(requests, MigratingSlot::kDestination, item, 1);
  }
  return requests;
}

std::vector<ShardRequest> ValuesRead::VerifyFence() {
  std::vector<ShardRequest> requests;
  if (std::none_of(items_.begin(), items_.end(),
                   [](const Item& item) { return item.fate == Fate::kNullAtDestination; })) {
    return requests;
  }
  // Absent on the source, then on the destination: deleted, unless the migration was aborted in
  // between and the key moved back.
  size_t request = RequestTo(requests, MigratingSlot::kSource);
  requests[request].pipeline.Add({"INFO", "server", "commandstats"});
  sent_[request].commands.push_back({});
  return requests;
}

void ValuesRead::OnReply(size_t request, size_t command, const ReplyView& reply) {
  if (round_ == Round::kVerify) return OnFence(reply);
  const Command& asked = sent_[request].commands[command];
  if (reply.is_error()) return OnError(request, asked, reply);
  if (asked.count == 0) return;  // ASKING: OK
  if (asked.count == 1) return OnValue(request, asked.first, reply, /*alone=*/true);
  if (!reply.is_array() || reply.size() != asked.count) {
    return Obstruct(asked.first, asked.count,
                    Obstacle::Retake(nodes_[sent_[request].node], "MGET: unexpected reply"));
  }
  size_t item = asked.first;
  for (ReplyView value : reply) OnValue(request, item++, value, /*alone=*/false);
}

void ValuesRead::OnValue(size_t request, size_t item, const ReplyView& value, bool alone) {
  Item& state = items_[item];
  if (state.fate == Fate::kObstructed) return;
  if (value.is_null()) {
    bool moved = migration_ && round_ == Round::kAgain;
    state.fate = !alone ? Fate::kNull : moved ? Fate::kNullAtDestination : Fate::kGone;
    return;
  }
  if (value.type() == RespType::kDropped) {
    // Dropped for its own size, or because the reply as a whole was too large: alone it may fit.
    if (!alone) {
      state.fate = Fate::kNull;
      return;
    }
    return MarkUnreadable(item, DataLossError(absl::StrCat("a value of ", value.integer(),
                                                           " bytes is over the limit")));
  }
  // The first record of a node is always tried, so that the first one in order is.
  Sent& sent = sent_[request];
  if (sent.bytes_added > bytes_left_) {
    state.fate = Fate::kNotKept;
    return;
  }
  absl::StatusOr<size_t> bytes = sink_->Add((*names_)[item].text, value.text());
  if (!bytes.ok()) return MarkUnreadable(item, bytes.status());
  sent.bytes_added += *bytes;
  state = {.fate = Fate::kAdded,
           .bytes = static_cast<uint32_t>(*bytes),
           .sink_index = static_cast<uint32_t>(sink_->size() - 1)};
}

void ValuesRead::OnError(size_t request, const Command& command, const ReplyView& reply) {
  // After a refused ASKING, what its command says is not to be trusted.
  if (items_[command.first].fate == Fate::kObstructed) return;
  const Endpoint& endpoint = nodes_[sent_[request].node];
  ServerError error = ParseServerError(reply.text(), endpoint);
  if (command.count == 1 && error.kind == ServerErrorKind::kWrongType) {
    return MarkUnreadable(command.first, DataLossError("the key does not hold a string"));
  }
  if (migration_ && round_ == Round::kValues && error.kind == ServerErrorKind::kAsk &&
      error.endpoint == migration_->destination) {
    items_[command.first].fate = Fate::kAsked;
    return;
  }
  Obstruct(command.first, std::max<size_t>(command.count, 1), Obstacle::FromError(error, endpoint));
}

void ValuesRead::OnFence(const ReplyView& reply) {
  bool unchanged = !reply.is_error() && MigrationFence::FromInfo(reply.text()) == fence_;
  for (size_t item = 0; item < items_.size(); ++item) {
    if (items_[item].fate != Fate::kNullAtDestination) continue;
    if (unchanged) {
      items_[item].fate = Fate::kGone;
    } else {
      Obstruct(item, 1, Obstacle::Retake(migration_->source, "the migration was set anew"));
    }
  }
}

void ValuesRead::OnFailure(size_t request, const absl::Status& status) {
  Obstacle obstacle = Obstacle::FromFailure(status, nodes_[sent_[request].node]);
  for (const Command& command : sent_[request].commands) {
    for (size_t item = command.first; item < command.first + command.count; ++item) {
      Fate fate = items_[item].fate;
      bool told = fate == Fate::kAdded || fate == Fate::kGone || fate == Fate::kUnreadable ||
                  (fate == Fate::kNullAtDestination && round_ != Round::kVerify) ||
                  (fate == Fate::kNull && round_ == Round::kValues) || fate == Fate::kNotKept;
      if (!told) Obstruct(item, 1, obstacle);
    }
  }
  if (!obstacle_) obstacle_ = obstacle;
}

void ValuesRead::Obstruct(size_t first, size_t count, Obstacle obstacle) {
  for (size_t item = first; item < first + count; ++item) items_[item].fate = Fate::kObstructed;
  if (!obstacle_) obstacle_ = std::move(obstacle);
}

void ValuesRead::MarkUnreadable(size_t item, absl::Status why) {
  items_[item].fate = Fate::kUnreadable;
  unreadable_.emplace_back(item, std::move(why));
}

ValuesRead::Outcome ValuesRead::Finish(bool page_empty, bool all_or_nothing) {
  Outcome outcome;
  for (; outcome.passed < items_.size(); ++outcome.passed) {
    const Item item = items_[outcome.passed];
    if (item.fate == Fate::kGone || item.fate == Fate::kUnreadable) continue;
    if (item.fate == Fate::kNotKept) outcome.page_full = true;
    if (item.fate != Fate::kAdded) break;
    if (outcome.bytes + item.bytes <= bytes_left_) {
      outcome.bytes += item.bytes;
      ++outcome.added;
      continue;
    }
    if (!page_empty || outcome.added > 0) {
      outcome.page_full = true;
      break;
    }
    // Alone it is larger than a page: it would end every page for ever.
    RemoveRecord(outcome.passed);
    MarkUnreadable(outcome.passed, DataLossError("the record is larger than a page"));
  }
  if (all_or_nothing && outcome.passed < items_.size()) {
    outcome = {.page_full = outcome.page_full};
  }
  TakeBackFrom(outcome.passed);
  for (const auto& [item, why] : unreadable_) {
    if (item < outcome.passed) sink_->OnUnreadable((*names_)[item].text, why);
  }
  return outcome;
}

void ValuesRead::RemoveRecord(size_t item) {
  const size_t index = items_[item].sink_index;
  sink_->Remove({&index, 1});
  for (Item& other : items_) {
    if (other.fate == Fate::kAdded && other.sink_index > index) --other.sink_index;
  }
}

void ValuesRead::TakeBackFrom(size_t first) {
  std::vector<size_t> indexes;
  for (size_t item = first; item < items_.size(); ++item) {
    if (items_[item].fate == Fate::kAdded) indexes.push_back(items_[item].sink_index);
  }
  std::sort(indexes.begin(), indexes.end());
  if (!indexes.empty()) sink_->Remove(indexes);
}

}  // namespace atestore
