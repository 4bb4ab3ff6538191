#include "tests/support/slot_move.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace atestore {
namespace {

constexpr size_t kKeysAtOnce = 100;
constexpr size_t kSlotsAtOnce = 20;

HiredisClient::Command SetSlot(const SlotMove& move, std::string state, std::string node_id) {
  return {"CLUSTER", "SETSLOT", std::to_string(move.slot), std::move(state), std::move(node_id)};
}

HiredisClient::Command SetStable(const SlotMove& move) {
  return {"CLUSTER", "SETSLOT", std::to_string(move.slot), "STABLE"};
}

absl::StatusOr<std::vector<HiredisReply>> KeysIn(RealCluster& cluster, size_t node, Slot slot,
                                                 size_t keys_max) {
  absl::StatusOr<HiredisReply> keys = cluster.Run(
      node, {"CLUSTER", "GETKEYSINSLOT", std::to_string(slot), std::to_string(keys_max)});
  if (!keys.ok()) return keys.status();
  return std::move(keys->elements);
}

HiredisClient::Command Migrate(RealCluster& cluster, size_t to,
                               const std::vector<HiredisReply>& keys) {
  Endpoint target = cluster.endpoint(to);
  HiredisClient::Command command{"MIGRATE", target.host, std::to_string(target.port), "", "0",
                                 "20000",   "REPLACE"};
  if (!cluster.options().password.empty()) {
    command.insert(command.end(), {"AUTH", cluster.options().password});
  }
  command.push_back("KEYS");
  for (const HiredisReply& key : keys) command.push_back(key.text);
  return command;
}

// The same step for several moves between the same two nodes.
absl::Status MoveTogether(RealCluster& cluster, const std::vector<SlotMove>& moves) {
  size_t from = moves.front().from;
  size_t to = moves.front().to;
  std::vector<HiredisClient::Command> importing, migrating, keys_of, moved;
  for (const SlotMove& move : moves) {
    importing.push_back(SetSlot(move, "IMPORTING", cluster.id(from)));
    migrating.push_back(SetSlot(move, "MIGRATING", cluster.id(to)));
    keys_of.push_back(
        {"CLUSTER", "GETKEYSINSLOT", std::to_string(move.slot), std::to_string(INT32_MAX)});
    moved.push_back(SetSlot(move, "NODE", cluster.id(to)));
  }
  absl::Status status = cluster.RunAll(to, importing).status();
  if (status.ok()) status = cluster.RunAll(from, migrating).status();
  if (!status.ok()) return status;
  // Nobody can create keys on the source any more.
  absl::StatusOr<std::vector<HiredisReply>> keys = cluster.RunAll(from, keys_of);
  if (!keys.ok()) return keys.status();
  std::vector<HiredisClient::Command> migrate;
  for (const HiredisReply& of_slot : *keys) {
    if (!of_slot.elements.empty()) migrate.push_back(Migrate(cluster, to, of_slot.elements));
  }
  status = cluster.RunAll(from, migrate).status();
  if (status.ok()) status = cluster.RunAll(to, moved).status();
  if (status.ok()) status = cluster.RunAll(from, moved).status();
  return status;
}

}  // namespace

absl::Status MoveSlots(RealCluster& cluster, const std::vector<SlotMove>& moves) {
  std::vector<SlotMove> together;
  for (size_t i = 0; i < moves.size(); ++i) {
    together.push_back(moves[i]);
    bool last = i + 1 == moves.size() || together.size() == kSlotsAtOnce ||
                moves[i + 1].from != moves[i].from || moves[i + 1].to != moves[i].to;
    if (!last) continue;
    if (absl::Status status = MoveTogether(cluster, together); !status.ok()) return status;
    together.clear();
  }
  return absl::OkStatus();
}

absl::Status BeginMove(RealCluster& cluster, const SlotMove& move) {
  absl::Status status =
      cluster.Run(move.to, SetSlot(move, "IMPORTING", cluster.id(move.from))).status();
  if (!status.ok()) return status;
  return cluster.Run(move.from, SetSlot(move, "MIGRATING", cluster.id(move.to))).status();
}

absl::StatusOr<size_t> MoveKeys(RealCluster& cluster, const SlotMove& move, size_t keys_max) {
  size_t moved = 0;
  while (moved < keys_max) {
    absl::StatusOr<std::vector<HiredisReply>> keys =
        KeysIn(cluster, move.from, move.slot, std::min(kKeysAtOnce, keys_max - moved));
    if (!keys.ok()) return keys.status();
    if (keys->empty()) break;
    absl::Status status = cluster.Run(move.from, Migrate(cluster, move.to, *keys)).status();
    if (!status.ok()) return status;
    moved += keys->size();
  }
  return moved;
}

absl::Status FinishMove(RealCluster& cluster, const SlotMove& move) {
  absl::Status status = cluster.Run(move.to, SetSlot(move, "NODE", cluster.id(move.to))).status();
  if (!status.ok()) return status;
  return cluster.Run(move.from, SetSlot(move, "NODE", cluster.id(move.to))).status();
}

absl::Status AbortMove(RealCluster& cluster, const SlotMove& move) {
  // The source refuses its keys while it is still migrating the slot.
  absl::Status status = cluster.Run(move.from, SetStable(move)).status();
  while (status.ok()) {
    absl::StatusOr<std::vector<HiredisReply>> keys =
        KeysIn(cluster, move.to, move.slot, kKeysAtOnce);
    if (!keys.ok()) return keys.status();
    if (keys->empty()) break;
    status = cluster.RunAll(move.to, {{"ASKING"}, Migrate(cluster, move.from, *keys)}).status();
  }
  if (!status.ok()) return status;
  return cluster.Run(move.to, SetStable(move)).status();
}

absl::Status MoveSlot(RealCluster& cluster, const SlotMove& move) {
  absl::Status status = BeginMove(cluster, move);
  if (!status.ok()) return status;
  status = MoveKeys(cluster, move, std::numeric_limits<size_t>::max()).status();
  if (!status.ok()) return status;
  return FinishMove(cluster, move);
}

}  // namespace atestore
