#include <algorithm>
#include <string>
#include <vector>

#include "mockcluster/commands/arguments.h"
#include "mockcluster/commands/handlers.h"
#include "mockcluster/node/gossip.h"

// CLUSTER subcommands for the slots of a node: taking and giving them up, and counting their keys.
namespace mockcluster::inline v0 {
namespace {

enum class SlotChange { kAdd, kDelete };

// Slots of ADDSLOTS and the like, checked as a whole before any changes. False after an error.
bool CheckSlots(CommandContext& context, const std::vector<Slot>& slots, SlotChange change) {
  std::vector<bool> seen(atestore::kSlotCount, false);
  for (Slot slot : slots) {
    const bool assigned = context.node.view.Owner(slot).has_value();
    if (change == SlotChange::kAdd && assigned) {
      context.reply.Error("ERR Slot " + std::to_string(slot) + " is already busy");
      return false;
    }
    if (change == SlotChange::kDelete && !assigned) {
      context.reply.Error("ERR Slot " + std::to_string(slot) + " is already unassigned");
      return false;
    }
    if (seen[slot]) {
      context.reply.Error("ERR Slot " + std::to_string(slot) + " specified multiple times");
      return false;
    }
    seen[slot] = true;
  }
  return true;
}

void ChangeSlots(CommandContext& context, const std::vector<Slot>& slots, SlotChange change) {
  if (!CheckSlots(context, slots, change)) return;
  ClusterView& view = context.node.view;
  for (Slot slot : slots) {
    if (change == SlotChange::kAdd) {
      view.SetOwner(slot, context.node.index);
      view.importing_from.erase(slot);
    } else {
      view.owners.Set(slot, std::nullopt);
    }
  }
  ++view.version;
  AfterEvent(context.state);
  context.reply.Ok();
}

void ChangeListedSlots(CommandContext& context, SlotChange change) {
  std::vector<Slot> slots;
  for (std::string_view text : context.arguments.subspan(2)) {
    std::optional<Slot> slot = ParseSlot(text);
    if (!slot) {
      context.reply.Error(kBadSlot);
      return;
    }
    slots.push_back(*slot);
  }
  ChangeSlots(context, slots, change);
}

void ChangeSlotRanges(CommandContext& context, SlotChange change) {
  if (context.arguments.size() % 2 != 0) {
    context.reply.Error("ERR wrong number of arguments for '" + std::string(context.command.name) +
                        "' command");
    return;
  }
  std::vector<Slot> slots;
  for (size_t index = 2; index < context.arguments.size(); index += 2) {
    std::optional<Slot> first = ParseSlot(context.arguments[index]);
    std::optional<Slot> last = ParseSlot(context.arguments[index + 1]);
    if (!first || !last) {
      context.reply.Error(kBadSlot);
      return;
    }
    if (*first > *last) {
      context.reply.Error("ERR start slot number " + std::to_string(*first) +
                          " is greater than end slot number " + std::to_string(*last));
      return;
    }
    for (size_t slot = *first; slot <= *last; ++slot) slots.push_back(static_cast<Slot>(slot));
  }
  ChangeSlots(context, slots, change);
}

// What SLOT-STATS shows of a slot.
struct SlotStat {
  Slot slot;
  size_t keys;
};

// The slots of the node's shard, ascending.
std::vector<SlotStat> StatsOfShard(CommandContext& context, Slot first, Slot last) {
  const ClusterView& view = context.node.view;
  const NodeIndex primary = view.me().primary.value_or(view.self);
  std::vector<SlotStat> stats;
  for (size_t index = first; index <= last; ++index) {
    const Slot slot = static_cast<Slot>(index);
    if (view.Owner(slot) != primary) continue;
    stats.push_back({slot, context.process.keyspace->CountInSlot(slot)});
  }
  return stats;
}

void WriteStats(CommandContext& context, std::span<const SlotStat> stats) {
  context.reply.Array(stats.size());
  for (const SlotStat& stat : stats) {
    context.reply.Array(2);
    context.reply.Integer(stat.slot);
    context.reply.Map(1);
    context.reply.Bulk("key-count");
    context.reply.Integer(static_cast<int64_t>(stat.keys));
  }
}

void StatsOfRange(CommandContext& context) {
  std::optional<Slot> first = ParseSlot(context.arguments[3]);
  std::optional<Slot> last = ParseSlot(context.arguments[4]);
  if (!first || !last) {
    context.reply.Error(kBadSlot);
  } else if (*first > *last) {
    context.reply.Error("ERR Start slot number " + std::to_string(*first) +
                        " is greater than end slot number " + std::to_string(*last));
  } else {
    WriteStats(context, StatsOfShard(context, *first, *last));
  }
}

// ORDERBY metric [LIMIT n] [ASC|DESC], the options in any order.
struct StatsOrder {
  std::optional<size_t> limit;
  std::optional<bool> ascending;
};

// The error, if the options are wrong.
std::optional<std::string_view> ParseStatsOrder(std::span<const std::string_view> options,
                                                StatsOrder& order) {
  constexpr std::string_view kTwice = "ERR Multiple filters of the same type are disallowed.";
  for (size_t index = 0; index < options.size(); ++index) {
    if (IsWord(options[index], "LIMIT") && index + 1 < options.size()) {
      if (order.limit) return kTwice;
      std::optional<int64_t> limit = ParseInteger(options[++index]);
      if (!limit || *limit < 1 || *limit > static_cast<int64_t>(atestore::kSlotCount)) {
        return "ERR Limit has to lie in between 1 and 16384 (maximum number of slots).";
      }
      order.limit = static_cast<size_t>(*limit);
    } else if (IsWord(options[index], "ASC") || IsWord(options[index], "DESC")) {
      if (order.ascending) return kTwice;
      order.ascending = IsWord(options[index], "ASC");
    } else {
      return kSyntaxError;
    }
  }
  return std::nullopt;
}

void StatsInOrder(CommandContext& context) {
  if (!IsWord(context.arguments[3], "KEY-COUNT")) {
    context.reply.Error("ERR Unrecognized sort metric for ORDERBY.");
    return;
  }
  StatsOrder order;
  if (auto error = ParseStatsOrder(context.arguments.subspan(4), order)) {
    context.reply.Error(*error);
    return;
  }
  std::vector<SlotStat> stats = StatsOfShard(context, 0, atestore::kSlotCount - 1);
  const bool ascending = order.ascending.value_or(false);
  std::stable_sort(stats.begin(), stats.end(), [ascending](const SlotStat& a, const SlotStat& b) {
    return ascending ? a.keys < b.keys : a.keys > b.keys;
  });
  stats.resize(std::min(stats.size(), order.limit.value_or(stats.size())));
  WriteStats(context, stats);
}

}  // namespace

void ClusterAddSlots(CommandContext& context) { ChangeListedSlots(context, SlotChange::kAdd); }

void ClusterDelSlots(CommandContext& context) { ChangeListedSlots(context, SlotChange::kDelete); }

void ClusterAddSlotsRange(CommandContext& context) { ChangeSlotRanges(context, SlotChange::kAdd); }

void ClusterDelSlotsRange(CommandContext& context) {
  ChangeSlotRanges(context, SlotChange::kDelete);
}

void ClusterFlushSlots(CommandContext& context) {
  if (context.process.keyspace->Size() > 0) {
    context.reply.Error("ERR DB must be empty to perform CLUSTER FLUSHSLOTS.");
    return;
  }
  ClusterView& view = context.node.view;
  view.owners.Replace(view.self, std::nullopt);
  ++view.version;
  AfterEvent(context.state);
  context.reply.Ok();
}

void ClusterSlotStats(CommandContext& context) {
  const size_t count = context.arguments.size();
  if (IsWord(context.arguments[2], "SLOTSRANGE") && count == 5) {
    StatsOfRange(context);
  } else if (IsWord(context.arguments[2], "ORDERBY")) {
    StatsInOrder(context);
  } else {
    RefuseArguments(context);
  }
}

}  // namespace mockcluster::inline v0
