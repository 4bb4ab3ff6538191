#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "tests/unit/keyspace_helpers.h"

namespace mockcluster {
namespace {

std::set<std::string> KeysInSlot(Keyspace& keyspace, Slot slot) {
  std::set<std::string> keys;
  keyspace.KeysInSlot(slot, SIZE_MAX, [&](const Entry& entry) { keys.insert(entry.key()); });
  return keys;
}

// Few slots and few keys a slot, so that operations meet.
std::string AnyKey() { return KeyInSlot(*rc::gen::inRange<Slot>(3, 7), *rc::gen::inRange(0, 40)); }

// One operation, on the keyspace and on the model.
void AnyOperation(Keyspace& keyspace, std::map<std::string, std::string>& model) {
  switch (*rc::gen::weightedElement<int>({{12, 0}, {6, 1}, {1, 2}, {1, 3}, {2, 4}, {2, 5}})) {
    case 0: {
      std::string key = AnyKey();
      std::string value = std::to_string(model.size());
      bool inserted = model.insert_or_assign(key, value).second;
      Keyspace::UpsertResult stored = keyspace.Upsert(key);
      RC_ASSERT(stored.inserted == inserted);
      stored.entry->value = value;
      break;
    }
    case 1: {
      std::string key = AnyKey();
      RC_ASSERT(keyspace.Erase(key) == (model.erase(key) == 1));
      break;
    }
    case 2: {
      Slot slot = *rc::gen::inRange<Slot>(3, 7);
      size_t erased = std::erase_if(
          model, [&](const auto& item) { return atestore::KeySlot(item.first) == slot; });
      RC_ASSERT(keyspace.EraseSlot(slot) == erased);
      break;
    }
    case 3:
      keyspace.SetResizePolicy(*rc::gen::element(ResizePolicy::kNormal, ResizePolicy::kAvoid));
      break;
    case 4:
      keyspace.ForceResize(*rc::gen::inRange(-5, 6));
      break;
    case 5:
      keyspace.Cron(*rc::gen::inRange<size_t>(0, 20));
      break;
  }
}

void CheckAgainstModel(Keyspace& keyspace, const std::map<std::string, std::string>& model) {
  RC_ASSERT(keyspace.Size() == model.size());
  std::map<Slot, std::set<std::string>> by_slot;
  for (const auto& [key, value] : model) {
    const Entry* entry = keyspace.Find(key);
    RC_ASSERT(entry != nullptr);
    RC_ASSERT(entry->value == value);
    by_slot[entry->slot()].insert(key);
  }
  for (Slot slot = 3; slot < 7; ++slot) {
    RC_ASSERT(keyspace.CountInSlot(slot) == by_slot[slot].size());
    RC_ASSERT(KeysInSlot(keyspace, slot) == by_slot[slot]);
  }
  std::set<std::string> all;
  keyspace.ForEach(Keyspace::Hidden::kInclude,
                   [&](const Entry& entry) { RC_ASSERT(all.insert(entry.key()).second); });
  RC_ASSERT(all.size() == model.size());
}

std::unique_ptr<Keyspace> AnyKeyspace() {
  return CreateKeyspace({.layout = *rc::gen::element(Layout::kSingleTable, Layout::kPerSlot),
                         .hash_seed = *rc::gen::arbitrary<uint64_t>(),
                         .synthetic = {}});
}

RC_GTEST_PROP(KeyspaceProperty, BehavesAsAMap, ()) {
  std::unique_ptr<Keyspace> keyspace = AnyKeyspace();
  std::map<std::string, std::string> model;
  int operations = *rc::gen::inRange(0, 300);
  for (int step = 0; step < operations; ++step) AnyOperation(*keyspace, model);
  CheckAgainstModel(*keyspace, model);
}

RC_GTEST_PROP(KeyspaceProperty, AScanReturnsEveryKeyThatLivedThroughout, ()) {
  std::unique_ptr<Keyspace> keyspace = AnyKeyspace();
  std::map<std::string, std::string> model;
  int population = *rc::gen::inRange(0, 400);
  for (int step = 0; step < population; ++step) AnyOperation(*keyspace, model);

  std::set<std::string> lived_throughout;
  for (const auto& [key, value] : model) lived_throughout.insert(key);
  std::set<std::string> returned;
  ScanRequest request{.cursor = 0, .count = *rc::gen::inRange<uint64_t>(1, 6), .pinned_slot = {}};
  int calls = 0;
  do {
    ScanReply reply = ScanOnce(*keyspace, request);
    for (const std::string& key : reply.keys) {
      RC_ASSERT(model.count(key) == 1);  // nothing that is not there now
      returned.insert(key);
    }
    request.cursor = reply.cursor;
    // Churn ends after a while, or a table could grow for ever.
    int burst = ++calls < 60 ? *rc::gen::inRange(0, 12) : 0;
    for (int step = 0; step < burst; ++step) AnyOperation(*keyspace, model);
    std::erase_if(lived_throughout, [&](const std::string& key) { return model.count(key) == 0; });
  } while (request.cursor != 0);
  RC_CLASSIFY(calls > 5, "several calls");
  RC_CLASSIFY(keyspace->ResizingTables() > 0, "ends during a rehash");
  RC_CLASSIFY(!lived_throughout.empty(), "keys that lived throughout");
  for (const std::string& key : lived_throughout) RC_ASSERT(returned.count(key) == 1);
}

}  // namespace
}  // namespace mockcluster
