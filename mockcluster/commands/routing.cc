#include "mockcluster/commands/routing.h"

#include <string>

#include "mockcluster/commands/command_table.h"
#include "mockcluster/node/data.h"

namespace mockcluster::inline v0 {
namespace {

// Looks at keys one after the other and remembers what the decision needs.
class KeyInspection {
 public:
  // `count_missing`: false where EXEC alone decides about keys that are not here.
  KeyInspection(const ClusterState& state, Node& node, const Client& client, bool count_missing)
      : state_(state), node_(node), client_(client), count_missing_(count_missing) {}

  // False when the decision is made: nobody owns the slot, or keys of two slots.
  bool Visit(std::string_view text) {
    KeyRef key(text);
    if (!any_) {
      if (!VisitFirst(key)) return false;
    } else if (key.slot != slot_) {
      failure_ = Route::Kind::kCrossSlot;
      return false;
    } else if (importing_ && text != first_) {
      several_ = true;
    }
    if (count_missing_ && (migrating_to_ || importing_)) {
      ++(ExistsLive(state_, node_, key) ? existing_ : missing_);
    }
    return true;
  }

  Route Decide(const Command& command, uint32_t flags) const;

 private:
  bool VisitFirst(const KeyRef& key) {
    const ClusterView& view = node_.view;
    any_ = true;
    first_ = key.text;
    slot_ = key.slot;
    owner_ = view.Owner(slot_);
    if (!owner_) {
      failure_ = Route::Kind::kSlotUnserved;
      return false;
    }
    bool as_primary = owner_ == node_.index;
    bool looks_at_marks = true;
    if (node_.traits().replicas_check_marks) {
      looks_at_marks = !view.IsReplica() || client_.read_only;
      as_primary = owner_ == view.me().primary.value_or(node_.index);
    }
    if (!looks_at_marks) return true;
    if (as_primary) migrating_to_ = view.MigratingTo(slot_);
    if (!migrating_to_) importing_ = view.ImportingFrom(slot_).has_value();
    return true;
  }

  const ClusterState& state_;
  Node& node_;
  const Client& client_;
  const bool count_missing_;
  bool any_ = false;
  bool importing_ = false;
  bool several_ = false;  // different keys, in an importing slot
  std::string_view first_;
  Slot slot_ = 0;
  std::optional<NodeIndex> owner_;
  std::optional<NodeIndex> migrating_to_;
  size_t missing_ = 0;
  size_t existing_ = 0;
  std::optional<Route::Kind> failure_;
};

Route KeyInspection::Decide(const Command& command, uint32_t flags) const {
  using Kind = Route::Kind;
  if (failure_) return {*failure_, slot_, std::nullopt};
  const Route serve{.slot = slot_};
  if (!any_) return serve;
  if (!ClusterIsUp(state_, node_)) {
    if (!node_.settings.allow_reads_when_down) return {Kind::kClusterDown, slot_, std::nullopt};
    if (flags & kWrite) return {Kind::kClusterReadOnly, slot_, std::nullopt};
  }
  // Keys must be movable between the two nodes in either direction.
  if ((migrating_to_ || importing_) && command.name == "migrate") return serve;
  if (migrating_to_ && missing_ > 0) {
    if (existing_ > 0) return {Kind::kTryAgain, slot_, std::nullopt};
    return {Kind::kAsk, slot_, migrating_to_};
  }
  if (importing_ && (client_.asking || (flags & kAsking))) {
    if (several_ && missing_ > 0) return {Kind::kTryAgain, slot_, std::nullopt};
    return serve;
  }
  if (client_.read_only && node_.view.IsReplica() && node_.view.me().primary == owner_ &&
      !(flags & kWrite)) {
    return serve;
  }
  if (owner_ != node_.index) return {Kind::kMoved, slot_, owner_};
  return serve;
}

}  // namespace

Route RouteCommand(const ClusterState& state, Node& node, const Client& client,
                   const Command& command, std::span<const std::string_view> arguments) {
  bool count_missing = !(client.in_multi && node.traits().exec_decides_missing_keys);
  KeyInspection inspection(state, node, client, count_missing);
  ForEachKey(command, arguments, [&](std::string_view key) { return inspection.Visit(key); });
  return inspection.Decide(command, command.flags);
}

Route RouteExec(const ClusterState& state, Node& node, const Client& client) {
  static const Command kExec{.name = "exec"};
  KeyInspection inspection(state, node, client, true);
  uint32_t flags = 0;
  bool undecided = true;
  std::vector<std::string_view> arguments;
  for (const QueuedCommand& queued : client.queue) {
    flags |= queued.command->flags & kWrite;
    if (!undecided) continue;
    arguments.assign(queued.arguments.begin(), queued.arguments.end());
    ForEachKey(*queued.command, arguments,
               [&](std::string_view key) { return undecided = inspection.Visit(key); });
  }
  return inspection.Decide(kExec, flags);
}

void WriteRedirect(const ClusterState& state, const Route& route, ReplyWriter& reply) {
  switch (route.kind) {
    case Route::Kind::kServe:
      return;
    case Route::Kind::kMoved:
    case Route::Kind::kAsk: {
      const atestore::Endpoint& endpoint = state.node(*route.node).endpoint;
      std::string text = route.kind == Route::Kind::kMoved ? "MOVED " : "ASK ";
      text += std::to_string(route.slot) + " " + endpoint.host + ":";
      text += std::to_string(endpoint.port);
      reply.Error(text);
      return;
    }
    case Route::Kind::kTryAgain:
      reply.Error("TRYAGAIN Multiple keys request during rehashing of slot");
      return;
    case Route::Kind::kCrossSlot:
      reply.Error("CROSSSLOT Keys in request don't hash to the same slot");
      return;
    case Route::Kind::kSlotUnserved:
      reply.Error("CLUSTERDOWN Hash slot not served");
      return;
    case Route::Kind::kClusterDown:
      reply.Error("CLUSTERDOWN The cluster is down");
      return;
    case Route::Kind::kClusterReadOnly:
      reply.Error("CLUSTERDOWN The cluster is down and only accepts read commands");
      return;
  }
}

bool ClusterIsUp(const ClusterState& state, const Node& node) {
  return node.state_ok && state.now_ms >= node.process->down_until_ms;
}

}  // namespace mockcluster::inline v0
