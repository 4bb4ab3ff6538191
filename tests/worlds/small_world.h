#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "mockcluster/cluster.h"
#include "tests/worlds/world_event.h"

namespace atestore {

// Two primaries, a replica each, as numbered by the emulator. The slot begins on the second one.
inline constexpr size_t kWorldNodes = 4;
// The slot of interest is the last one, so that a listing which begins at the slot before ends
// with it.
inline constexpr Slot kWorldFirstSlot = kSlotCount - 2;
inline constexpr Slot kWorldSlot = kSlotCount - 1;
inline constexpr size_t kWorldKeys = 4;  // the first in kWorldFirstSlot, the others in kWorldSlot

// How a small world begins. A value.
struct WorldSetup {
  mockcluster::Flavor flavor = mockcluster::Flavor::kValkey80;
  bool half_moved = false;  // the slot is open, and the first of its keys has moved
  bool large_slot = false;  // the slot is larger than what is read whole

  bool operator==(const WorldSetup&) const = default;
};

// "valkey80-half-large", and back.
std::string ToString(const WorldSetup& setup);
std::vector<WorldSetup> AllSetups();

// By number of the key; a set of keys has a bit for each.
using KeySet = uint8_t;

// Which keys some client reads as absent, by the fingerprint of a cluster: kept from world to
// world.
using AbsenceCache = std::unordered_map<uint64_t, KeySet>;

// A cluster as it is when a world begins, made once.
class WorldOrigin {
 public:
  explicit WorldOrigin(const WorldSetup& setup);

  const WorldSetup& setup() const { return setup_; }
  const mockcluster::Cluster& cluster() const { return cluster_; }
  const std::array<std::string, kWorldKeys>& keys() const { return keys_; }
  AbsenceCache& absences() { return absences_; }

 private:
  const WorldSetup setup_;
  mockcluster::Cluster cluster_;
  std::array<std::string, kWorldKeys> keys_;
  AbsenceCache absences_;
};

// An emulated cluster whose nodes hear of each other only by events, and what has been true about
// its keys. Deterministic. A resource.
class SmallWorld {
 public:
  // `origin` must outlive it.
  explicit SmallWorld(WorldOrigin& origin);
  SmallWorld(const SmallWorld&) = delete;
  SmallWorld& operator=(const SmallWorld&) = delete;

  // False: cannot happen now, and will be refused. True: Apply() may do it.
  bool MayHappen(const Event& event) const;
  // False: it was refused, and nothing happened or only a part of it.
  bool Apply(const Event& event);
  // Nothing but time.
  void Wait(int64_t duration_ms);
  // All news arrive, and an operator restarts dead nodes, ends what is open and clears marks.
  void Repair();

  // Every node says cluster_state:ok and knows an owner of each slot.
  bool IsHealthy();
  // Keys that at some moment a client read as absent, or that were deleted. No error does that:
  // what cannot be reached is not absent.
  KeySet absent() const { return absent_; }
  // The same, and forgets it; adds to it.
  KeySet TakeAbsent() { return std::exchange(absent_, KeySet{0}); }
  void AddAbsent(KeySet keys) { absent_ |= keys; }
  // Of the cluster as it is now.
  uint64_t fingerprint() const { return fingerprint_; }
  uint64_t fingerprint(size_t node) const;
  // Every living node has a table for each slot.
  bool has_per_slot_tables() const;

  mockcluster::Cluster& cluster() { return *cluster_; }
  const mockcluster::Cluster& cluster() const { return *cluster_; }
  const WorldSetup& setup() const { return origin_.setup(); }
  const std::array<std::string, kWorldKeys>& keys() const { return origin_.keys(); }

 private:
  absl::Status Do(const Event& event);
  absl::Status Recreate(size_t key);
  void ObserveChange();
  KeySet FindAbsent();
  // Whether a client that begins at `node` and follows redirects is told that there is no such key.
  bool ReadsAsAbsent(size_t node, const std::string& key);
  std::string Ask(mockcluster::NodeIndex node, std::initializer_list<std::string_view> command,
                  bool asking = false);

  WorldOrigin& origin_;
  const std::unique_ptr<mockcluster::Cluster> cluster_;
  std::array<bool, kWorldNodes> downgraded_{};
  std::array<bool, kWorldNodes> cut_off_{};
  int version_ = 0;
  KeySet absent_ = 0;
  uint64_t fingerprint_ = 0;
};

}  // namespace atestore
