// How the nemesis moves slots: key by key, half of it, back again, or by the server itself.
#include <algorithm>
#include <optional>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/status.h"
#include "tests/soak/nemesis_cluster.h"
#include "tests/soak/nemesis_line.h"

namespace atestore {

absl::Status NemesisCluster::Claim(uint16_t slot) {
  std::lock_guard lock(mutex_);
  if (!busy_slots_.insert(slot).second) return UnavailableError("the slot is being migrated");
  return absl::OkStatus();
}

void NemesisCluster::Release(uint16_t slot) {
  std::lock_guard lock(mutex_);
  busy_slots_.erase(slot);
}

absl::StatusOr<NemesisCluster::OpenSlot> NemesisCluster::Open(uint32_t first, uint32_t second) {
  const uint16_t slot = slots_[first % slots_.size()];
  if (absl::Status claimed = Claim(slot); !claimed.ok()) return claimed;
  absl::StatusOr<OpenSlot> open = PlanToOpen(slot, second);
  absl::Status status = open.status();
  if (status.ok()) {
    status = OpenPlanned(*open);
    if (!status.ok()) return status;  // still claimed
  }
  Release(slot);
  if (!status.ok()) return status;
  return open;
}

absl::StatusOr<NemesisCluster::OpenSlot> NemesisCluster::PlanToOpen(uint16_t slot,
                                                                    uint32_t second) {
  {
    std::lock_guard lock(mutex_);
    const auto is_it = [&](const OpenSlot& open) { return open.slot == slot; };
    if (std::any_of(open_.begin(), open_.end(), is_it)) {
      return UnavailableError("the slot is open already");
    }
  }
  absl::StatusOr<std::vector<Line>> members = Members();
  if (!members.ok()) return members.status();
  std::optional<size_t> from;
  std::vector<size_t> others;
  for (const Line& line : *members) {
    if (!line.is_primary) continue;
    line.Owns(slot) ? void(from = line.node) : others.push_back(line.node);
  }
  if (!from || others.empty()) return NotFoundError("the slot has no owner");
  return OpenSlot{.slot = slot, .from = IdOf(*from), .to = IdOf(others[second % others.size()])};
}

absl::Status NemesisCluster::OpenPlanned(const OpenSlot& open) {
  const std::optional<size_t> from = NumberOf(open.from);
  const std::optional<size_t> to = NumberOf(open.to);
  if (!from || !to) return NotFoundError("a node of the migration is gone");
  const std::string number = std::to_string(open.slot);
  absl::Status status = RunOk(*to, {"CLUSTER", "SETSLOT", number, "IMPORTING", open.from});
  if (status.ok()) status = RunOk(*from, {"CLUSTER", "SETSLOT", number, "MIGRATING", open.to});
  if (!status.ok()) return status;
  absl::StatusOr<std::vector<std::string>> keys = KeysIn(*from, open.slot);
  if (!keys.ok()) return keys.status();
  keys->resize(keys->size() / 2);
  status = MoveKeys(*from, *to, *keys, false);
  if (!status.ok()) return status;
  std::lock_guard lock(mutex_);
  open_.push_back(open);
  return absl::OkStatus();
}

absl::StatusOr<NemesisCluster::OpenSlot> NemesisCluster::SomeOpenSlot(const NemesisStep& step) {
  {
    std::lock_guard lock(mutex_);
    if (!open_.empty()) return open_[step.first % open_.size()];
  }
  return Open(step.first, step.second);
}

absl::StatusOr<NemesisCluster::OpenSlot> NemesisCluster::OpenSlotWithReplica(
    const NemesisStep& step, bool of_source) {
  const auto has_replica = [&](const OpenSlot& open) {
    return AnyReplicaOf(of_source ? open.from : open.to).ok();
  };
  std::vector<OpenSlot> fit;
  {
    std::lock_guard lock(mutex_);
    for (const OpenSlot& open : open_) {
      if ((of_source ? open.from : open.to) != ids_[spare_]) fit.push_back(open);
    }
  }
  std::erase_if(fit, [&](const OpenSlot& open) { return !has_replica(open); });
  if (!fit.empty()) return fit[step.first % fit.size()];
  // A primary that just got its slots may have no replica: another slot has other ends.
  constexpr size_t kAttempts = 8;
  absl::StatusOr<OpenSlot> opened;
  for (size_t attempt = 0; attempt < kAttempts; ++attempt) {
    opened = Open(step.first + attempt, step.second + attempt);
    if (!opened.ok() || has_replica(*opened)) break;
  }
  return opened;
}

absl::StatusOr<NemesisCluster::OpenSlot> NemesisCluster::TakeOpenSlot(const NemesisStep& step) {
  absl::StatusOr<OpenSlot> open = SomeOpenSlot(step);
  if (!open.ok()) return open;
  if (absl::Status claimed = Claim(open->slot); !claimed.ok()) return claimed;
  std::lock_guard lock(mutex_);
  const auto is_it = [&](const OpenSlot& other) { return other.slot == open->slot; };
  if (std::erase_if(open_, is_it) == 0) {
    busy_slots_.erase(open->slot);
    return UnavailableError("the slot was open until now");
  }
  return open;
}

absl::Status NemesisCluster::ApplyMigration(const NemesisStep& step) {
  if (step.fault == NemesisFault::kMigrationHalf) return Open(step.first, step.second).status();
  absl::StatusOr<OpenSlot> open = TakeOpenSlot(step);
  if (!open.ok()) return open.status();
  absl::Status status =
      step.fault == NemesisFault::kMigrationAborted ? Abort(*open) : Finish(*open);
  if (status.ok()) Release(open->slot);
  return status;
}

// Whoever is the primary of the two shards now may be another node: then both are refused.
absl::Status NemesisCluster::Finish(const OpenSlot& open) {
  const std::optional<size_t> from = NumberOf(open.from);
  const std::optional<size_t> to = NumberOf(open.to);
  if (!from || !to) return NotFoundError("a node of the migration is gone");
  const std::string slot = std::to_string(open.slot);
  absl::StatusOr<std::vector<std::string>> keys = KeysIn(*from, open.slot);
  absl::Status status = keys.status();
  if (status.ok()) status = MoveKeys(*from, *to, *keys, false);
  if (status.ok()) status = RunOk(*to, {"CLUSTER", "SETSLOT", slot, "NODE", open.to});
  if (status.ok()) status = RunOk(*from, {"CLUSTER", "SETSLOT", slot, "NODE", open.to});
  return status;
}

// The source says that it has not got the keys until it has taken them back. Those that a client
// has created on the other side in the last moment, too.
absl::Status NemesisCluster::Abort(const OpenSlot& open) {
  const std::optional<size_t> from = NumberOf(open.from);
  const std::optional<size_t> to = NumberOf(open.to);
  if (!from || !to) return NotFoundError("a node of the migration is gone");
  const std::string slot = std::to_string(open.slot);
  const absl::Time begin = absl::Now();
  absl::Status status = RunOk(*from, {"CLUSTER", "SETSLOT", slot, "STABLE"});
  if (!status.ok()) return status;
  absl::StatusOr<std::vector<std::string>> moved = KeysIn(*to, open.slot);
  if (!moved.ok()) return moved.status();
  status = MoveKeys(*to, *from, *moved, true);
  on_hidden_(*moved, {begin, absl::Now()});
  if (status.ok()) status = RunOk(*to, {"CLUSTER", "SETSLOT", slot, "STABLE"});
  return status;
}

absl::Status NemesisCluster::ApplyAtomicMigration(const NemesisStep& step) {
  absl::StatusOr<std::vector<Line>> members = Members();
  if (!members.ok()) return members.status();
  const uint16_t slot = slots_[step.first % slots_.size()];
  std::optional<size_t> from;
  std::vector<size_t> others;
  for (const Line& line : *members) {
    if (!line.is_primary) continue;
    line.Owns(slot) ? void(from = line.node) : others.push_back(line.node);
  }
  if (!from || others.empty()) return NotFoundError("the slot has no owner");
  if (absl::Status claimed = Claim(slot); !claimed.ok()) return claimed;
  absl::Cleanup release = [&] { Release(slot); };
  const std::string number = std::to_string(slot);
  absl::Status status = RunOk(*from, {"CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", number, number,
                                      "NODE", IdOf(others[step.second % others.size()])});
  // Refused where any slot is open key by key: one is finished, and then it is tried again.
  if (!status.ok()) {
    NemesisStep finish = step;
    finish.fault = NemesisFault::kMigrationFinished;
    ApplyMigration(finish).IgnoreError();
  }
  if (!status.ok() || step.fault == NemesisFault::kAtomicMigration) return status;
  return RunOk(*from, {"CLUSTER", "CANCELSLOTMIGRATIONS"});
}

}  // namespace atestore
