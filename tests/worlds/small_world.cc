#include "tests/worlds/small_world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/key_filter.h"
#include "core/server_error.h"

namespace atestore {
namespace {

using mockcluster::Flavor;
using mockcluster::NodeIndex;

constexpr int64_t kReloadMs = 1000;
constexpr int64_t kRejoinMs = 1000;

NodeIndex Node(size_t number) { return static_cast<NodeIndex>(number); }

mockcluster::ClusterOptions OptionsOf(const WorldSetup& setup) {
  return {.primaries = 2,
          .replicas_per_primary = 1,
          .flavor = setup.flavor,
          .gossip = mockcluster::GossipMode::kManual,
          .rejoin_delay_ms = kRejoinMs};
}

// The shortest hash tag of `slot`, found once.
std::string TagOf(Slot slot) {
  for (uint32_t number = 0;; ++number) {
    std::string tag = absl::StrCat("{", number, "}");
    if (KeySlot(tag) == slot) return tag;
  }
}

}  // namespace

std::string ToString(const WorldSetup& setup) {
  const char* flavor = setup.flavor == Flavor::kRedis70    ? "redis70"
                       : setup.flavor == Flavor::kValkey80 ? "valkey80"
                                                           : "valkey91";
  return absl::StrCat(flavor, setup.half_moved ? "-half" : "-whole",
                      setup.large_slot ? "-large" : "-small");
}

std::vector<WorldSetup> AllSetups() {
  std::vector<WorldSetup> setups;
  for (bool large_slot : {false, true}) {
    for (bool half_moved : {true, false}) {
      for (Flavor flavor : {Flavor::kRedis70, Flavor::kValkey80, Flavor::kValkey91}) {
        setups.push_back({.flavor = flavor, .half_moved = half_moved, .large_slot = large_slot});
      }
    }
  }
  return setups;
}

WorldOrigin::WorldOrigin(const WorldSetup& setup) : setup_(setup), cluster_(OptionsOf(setup)) {
  static const std::string first_tag = TagOf(kWorldFirstSlot);
  static const std::string tag = TagOf(kWorldSlot);
  for (size_t key = 0; key < kWorldKeys; ++key) {
    keys_[key] = ActorKey("a", absl::StrCat(key == 0 ? first_tag : tag, "-", key));
    EXPECT_TRUE(cluster_.Put(keys_[key], "0").ok());
  }
  if (setup.half_moved) {
    EXPECT_TRUE(cluster_.BeginMigration(kWorldSlot, Node(0)).ok());
    EXPECT_TRUE(cluster_.MigrateKeys(kWorldSlot, 1).ok());
    cluster_.Settle();
  }
}

SmallWorld::SmallWorld(WorldOrigin& origin) : origin_(origin), cluster_(origin.cluster().Clone()) {
  ObserveChange();
}

bool SmallWorld::MayHappen(const Event& event) const {
  auto open = [this] { return !cluster_->OpenSlots().empty(); };
  auto importing = [this] { return !cluster_->ImportingSlots().empty(); };
  const mockcluster::NodeInfo node = cluster_->Node(Node(event.target));
  switch (event.kind) {
    case EventKind::kBegin:
      return !open();
    case EventKind::kMove:
    case EventKind::kFinish:
    case EventKind::kAbortBack:
    case EventKind::kAbortCopies:
    case EventKind::kAbortOrphans:
      return open();
    case EventKind::kBeginAtomic:
      return setup().flavor == Flavor::kValkey91 && !open() && !importing();
    case EventKind::kFinishAtomic:
    case EventKind::kAbortAtomic:
      return importing();
    case EventKind::kFailover:
    case EventKind::kHandOver:
    case EventKind::kTakeover:
      return node.alive && node.primary;
    case EventKind::kRestart:
      return !node.alive || !node.primary;
    case EventKind::kReload:
      return node.alive && !node.primary;
    case EventKind::kDowngrade:
      return setup().flavor != Flavor::kRedis70 && !downgraded_[event.target] && node.alive &&
             !node.primary;
    case EventKind::kNews:
      return node.alive && (cut_off_[event.target] || cluster_->HasNewsFor(Node(event.target)));
    case EventKind::kCutOff:
      return node.alive && !node.primary && !cut_off_[event.target];
    case EventKind::kRecreate:
      // Two are enough: the first and the last of the slot.
      return event.target == 1 || event.target == kWorldKeys - 1;
  }
  return false;
}

absl::Status SmallWorld::Do(const Event& event) {
  const NodeIndex target = Node(event.target);
  switch (event.kind) {
    case EventKind::kBegin:
    case EventKind::kBeginAtomic: {
      const std::optional<NodeIndex> owner = cluster_->OwnerOf(kWorldSlot);
      for (NodeIndex primary : cluster_->Primaries()) {
        if (primary == owner) continue;
        return event.kind == EventKind::kBegin
                   ? cluster_->BeginMigration(kWorldSlot, primary)
                   : cluster_->BeginAtomicMigration(kWorldSlot, primary);
      }
      return absl::FailedPreconditionError("one primary");
    }
    case EventKind::kMove: {
      absl::StatusOr<size_t> moved = cluster_->MigrateKeys(kWorldSlot, 1);
      if (moved.ok() && *moved == 0) return absl::FailedPreconditionError("no key is left");
      return moved.status();
    }
    case EventKind::kFinish:
      return cluster_->FinishMigration(kWorldSlot);
    case EventKind::kAbortBack:
      return cluster_->AbortMigration(kWorldSlot, mockcluster::AbortMode::kMoveBack);
    case EventKind::kAbortCopies:
      return cluster_->AbortMigration(kWorldSlot, mockcluster::AbortMode::kLeaveCopies);
    case EventKind::kAbortOrphans:
      return cluster_->AbortMigration(kWorldSlot, mockcluster::AbortMode::kLeaveOrphans);
    case EventKind::kFinishAtomic:
      return cluster_->FinishAtomicMigration(kWorldSlot);
    case EventKind::kAbortAtomic:
      return cluster_->AbortAtomicMigration(kWorldSlot);
    case EventKind::kFailover:
      return cluster_->Failover(target, mockcluster::FailoverKind::kGraceful);
    case EventKind::kHandOver:
      return cluster_->Failover(target, mockcluster::FailoverKind::kUnheard);
    case EventKind::kTakeover:
      return cluster_->Failover(target, mockcluster::FailoverKind::kForced);
    case EventKind::kRestart:
      return cluster_->Restart(target, mockcluster::RestartMode::kKeepData);
    case EventKind::kReload:
      return cluster_->SetLoading(target, kReloadMs);
    case EventKind::kDowngrade:
      downgraded_[event.target] = true;
      return cluster_->RestartAs(target, Flavor::kRedis70);
    case EventKind::kNews:
      if (std::exchange(cut_off_[event.target], false)) {
        if (absl::Status joined = cluster_->SetIsolated(target, false); !joined.ok()) return joined;
      }
      cluster_->DeliverNewsTo(target);
      return absl::OkStatus();
    case EventKind::kCutOff:
      cut_off_[event.target] = true;
      return cluster_->SetIsolated(target, true);
    case EventKind::kRecreate:
      return Recreate(event.target);
  }
  return absl::OkStatus();
}

absl::Status SmallWorld::Recreate(size_t key) {
  if (!cluster_->Remove(keys()[key])) return absl::FailedPreconditionError("there is no such key");
  absent_ |= static_cast<KeySet>(1 << key);
  return cluster_->Put(keys()[key], absl::StrCat(++version_));
}

bool SmallWorld::Apply(const Event& event) {
  const bool done = MayHappen(event) && Do(event).ok();
  ObserveChange();
  return done;
}

void SmallWorld::Wait(int64_t duration_ms) {
  cluster_->AdvanceTime(duration_ms);
  ObserveChange();
}

void SmallWorld::Repair() {
  for (size_t node = 0; node < kWorldNodes; ++node) {
    if (!cluster_->Node(Node(node)).alive) {
      cluster_->Restart(Node(node), mockcluster::RestartMode::kKeepData).IgnoreError();
    }
    if (std::exchange(cut_off_[node], false)) {
      cluster_->SetIsolated(Node(node), false).IgnoreError();
    }
  }
  cluster_->Settle();
  Wait(std::max(kReloadMs, kRejoinMs));
  for (Slot slot : cluster_->OpenSlots()) cluster_->FinishMigration(slot).IgnoreError();
  for (Slot slot : cluster_->ImportingSlots()) cluster_->AbortAtomicMigration(slot).IgnoreError();
  cluster_->Settle();
  for (NodeIndex primary : cluster_->Primaries()) {
    const std::string nodes = Ask(primary, {"CLUSTER", "NODES"});
    if (nodes.find("->-") == std::string::npos && nodes.find("-<-") == std::string::npos) continue;
    Ask(primary, {"CLUSTER", "SETSLOT", absl::StrCat(kWorldSlot), "STABLE"});
  }
  cluster_->Settle();
  ObserveChange();
}

bool SmallWorld::IsHealthy() {
  for (size_t node = 0; node < kWorldNodes; ++node) {
    if (!cluster_->Node(Node(node)).alive) return false;
    if (Ask(Node(node), {"CLUSTER", "INFO"}).find("cluster_state:ok") == std::string::npos) {
      return false;
    }
  }
  return true;
}

uint64_t SmallWorld::fingerprint(size_t node) const { return cluster_->Fingerprint(Node(node)); }

bool SmallWorld::has_per_slot_tables() const {
  if (setup().flavor == Flavor::kRedis70) return false;
  return std::none_of(downgraded_.begin(), downgraded_.end(), [](bool is) { return is; });
}

void SmallWorld::ObserveChange() {
  const uint64_t now = cluster_->Fingerprint();
  fingerprint_ = now;
  auto [entry, fresh] = origin_.absences().try_emplace(now);
  if (fresh) entry->second = FindAbsent();
  absent_ |= entry->second;
}

KeySet SmallWorld::FindAbsent() {
  KeySet absent = 0;
  for (size_t key = 0; key < kWorldKeys; ++key) {
    for (size_t node = 0; node < kWorldNodes; ++node) {
      if (ReadsAsAbsent(node, keys()[key])) absent |= static_cast<KeySet>(1 << key);
    }
  }
  return absent;
}

bool SmallWorld::ReadsAsAbsent(size_t first, const std::string& key) {
  constexpr int kRedirectsMax = 6;
  NodeIndex node = Node(first);
  bool asking = false;
  for (int redirects = 0; redirects < kRedirectsMax; ++redirects) {
    const std::string reply = Ask(node, {"GET", key}, asking);
    if (reply.starts_with("$-1")) return true;
    if (!reply.starts_with("-")) return false;
    const std::string_view line = std::string_view(reply).substr(1, reply.find('\r') - 1);
    const ServerError error = ParseServerError(line, cluster_->Node(node).endpoint);
    asking = error.kind == ServerErrorKind::kAsk;
    if (!asking && error.kind != ServerErrorKind::kMoved) return false;
    const std::optional<NodeIndex> next = cluster_->FindNode(error.endpoint);
    if (!next) return false;
    node = *next;
  }
  return false;
}

// The last reply in wire form; empty when nobody listens.
std::string SmallWorld::Ask(NodeIndex node, std::initializer_list<std::string_view> command,
                            bool asking) {
  absl::StatusOr<mockcluster::ClientId> client = cluster_->Connect(cluster_->Node(node).endpoint);
  if (!client.ok()) return {};
  std::string reply;
  if (asking) {
    const std::string_view word = "ASKING";
    cluster_->Execute(*client, {&word, 1}, &reply);
    reply.clear();
  }
  cluster_->Execute(*client, {command.begin(), command.size()}, &reply);
  cluster_->Disconnect(*client);
  return reply;
}

}  // namespace atestore
