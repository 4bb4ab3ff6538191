#include "mockcluster/node/slot_owners.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "mockcluster/random.h"

namespace mockcluster {
namespace {

using atestore::kSlotCount;
using atestore::Slot;
using Owner = std::optional<NodeIndex>;

// The same by the plainest of means.
using Model = std::vector<Owner>;

std::vector<SlotRun> RunsOf(const Model& model) {
  std::vector<SlotRun> runs;
  for (size_t index = 0; index < model.size(); ++index) {
    const Slot slot = static_cast<Slot>(index);
    if (!runs.empty() && runs.back().owner == model[index]) {
      runs.back().last = slot;
    } else {
      runs.push_back({slot, slot, model[index]});
    }
  }
  return runs;
}

Owner AnyOwner(Random& random) {
  const uint64_t drawn = random.Below(4);
  return drawn == 3 ? Owner() : Owner(static_cast<NodeIndex>(drawn));
}

// Slots near each other and near the ends, so that changes touch.
Slot AnySlot(Random& random) {
  const size_t slot = random.Below(12);
  return static_cast<Slot>(random.Below(2) == 0 ? slot : kSlotCount - 1 - slot);
}

TEST(SlotOwners, AgreeWithAPlainList) {
  Random random(7);
  for (int round = 0; round < 200; ++round) {
    SlotOwners owners;
    Model model(kSlotCount);
    for (int change = 0; change < 12; ++change) {
      const Owner owner = AnyOwner(random);
      if (random.Below(8) == 0) {
        const NodeIndex from = static_cast<NodeIndex>(random.Below(3));
        owners.Replace(from, owner);
        std::replace(model.begin(), model.end(), Owner(from), owner);
        continue;
      }
      Slot first = AnySlot(random);
      Slot last = AnySlot(random);
      if (first > last) std::swap(first, last);
      owners.SetRun({first, last, owner});
      std::fill(model.begin() + first, model.begin() + last + 1, owner);
    }
    ASSERT_EQ(owners.Runs(), RunsOf(model)) << "round " << round;
    for (size_t slot = 0; slot < kSlotCount; ++slot) {
      ASSERT_EQ(owners.Owner(static_cast<Slot>(slot)), model[slot]);
    }
    for (size_t node = 0; node < 3; ++node) {
      const NodeIndex index = static_cast<NodeIndex>(node);
      ASSERT_EQ(owners.Count(index),
                static_cast<size_t>(std::count(model.begin(), model.end(), Owner(index))));
    }
  }
}

TEST(SlotOwners, StretchesEndWhereEitherListChangesItsOwner) {
  const NodeIndex node{1};
  SlotOwners one;
  SlotOwners other;
  one.SetRun({10, 20, node});
  other.SetRun({15, 30, node});
  struct Stretch {
    Slot first;
    Slot last;
    Owner one;
    Owner other;
    bool operator==(const Stretch&) const = default;
  };
  std::vector<Stretch> stretches;
  ForEachStretch(one.Runs(), other.Runs(), [&](Slot first, Slot last, Owner a, Owner b) {
    stretches.push_back({first, last, a, b});
  });
  const Owner nobody;
  EXPECT_EQ(stretches, (std::vector<Stretch>{{0, 9, nobody, nobody},
                                             {10, 14, node, nobody},
                                             {15, 20, node, node},
                                             {21, 30, nobody, node},
                                             {31, kSlotCount - 1, nobody, nobody}}));
}

}  // namespace
}  // namespace mockcluster
