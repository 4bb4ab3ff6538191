// What the emulator costs in process: its keyspace alone.

#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "mockcluster/keyspace.h"

namespace mockcluster {
namespace {

// So many that lookups miss the processor's caches.
constexpr int kManyKeys = 100000;

std::string Key(int index) { return "actor:space-7:actor-" + std::to_string(index); }

std::vector<std::string> Keys(int64_t count) {
  std::vector<std::string> keys;
  for (int index = 0; index < count; ++index) keys.push_back(Key(index));
  return keys;
}

std::unique_ptr<Keyspace> Filled(Layout layout, int64_t keys = kManyKeys) {
  std::unique_ptr<Keyspace> keyspace =
      CreateKeyspace({.layout = layout, .hash_seed = 1, .synthetic = std::nullopt});
  for (const std::string& key : Keys(keys))
    keyspace->Upsert(key).entry->value = std::string(309, 'v');
  return keyspace;
}

Layout LayoutOf(const benchmark::State& state) { return static_cast<Layout>(state.range(0)); }

void BM_Find(benchmark::State& state) {
  std::unique_ptr<Keyspace> keyspace = Filled(LayoutOf(state), state.range(1));
  std::vector<std::string> keys = Keys(state.range(1));
  size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(keyspace->Find(keys[next]));
    next = (next + 7919) % keys.size();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Find)->ArgNames({"layout", "keys"})->ArgsProduct({{0, 1}, {1000, kManyKeys}});

void BM_InsertAndErase(benchmark::State& state) {
  std::unique_ptr<Keyspace> keyspace = Filled(LayoutOf(state));
  int next = kManyKeys;
  for (auto _ : state) {
    std::string key = Key(next++);
    keyspace->Upsert(key).entry->value = "v";
    keyspace->Erase(key);
  }
  state.SetItemsProcessed(2 * state.iterations());
}
BENCHMARK(BM_InsertAndErase)->ArgName("layout")->DenseRange(0, 1);

// Items are keys.
void BM_Scan(benchmark::State& state) {
  std::unique_ptr<Keyspace> keyspace = Filled(LayoutOf(state));
  uint64_t cursor = 0;
  int64_t keys = 0;
  for (auto _ : state) {
    cursor = keyspace->Scan({.cursor = cursor, .count = 1000, .pinned_slot = std::nullopt},
                            [&](const Entry& entry) {
                              benchmark::DoNotOptimize(entry.key().data());
                              ++keys;
                            });
  }
  state.SetItemsProcessed(keys);
}
BENCHMARK(BM_Scan)->ArgName("layout")->DenseRange(0, 1);

// A page of names and their values out of `actors` computed ones. Items are actors.
void BM_SyntheticPage(benchmark::State& state) {
  uint64_t actors = static_cast<uint64_t>(state.range(0));
  std::unique_ptr<Keyspace> keyspace = CreateKeyspace(
      {.layout = Layout::kPerSlot, .hash_seed = 1, .synthetic = SyntheticActors{.actors = actors}});
  for (size_t slot = 0; slot < atestore::kSlotCount; ++slot) {
    keyspace->SetSlotGenerated(static_cast<Slot>(slot));
  }
  uint64_t cursor = 0;
  int64_t values = 0;
  std::vector<std::string> keys;
  for (auto _ : state) {
    keys.clear();
    cursor = keyspace->Scan({.cursor = cursor, .count = 1000, .pinned_slot = std::nullopt},
                            [&](const Entry& entry) { keys.push_back(entry.key()); });
    for (const std::string& key : keys) benchmark::DoNotOptimize(keyspace->Find(key)->value.data());
    values += static_cast<int64_t>(keys.size());
  }
  state.SetItemsProcessed(values);
}
BENCHMARK(BM_SyntheticPage)->ArgName("actors")->Arg(1'000'000)->Arg(1'000'000'000);

}  // namespace
}  // namespace mockcluster

BENCHMARK_MAIN();
