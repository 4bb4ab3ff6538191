// What the emulator costs in process: whole commands, and its keyspace alone.

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "mockcluster/cluster.h"
#include "mockcluster/keyspace/keyspace.h"

namespace mockcluster {
namespace {

// So many that lookups miss the processor's caches.
constexpr int kManyKeys = 100000;

std::string Key(int index) { return "actor:space-7:actor-" + std::to_string(index); }

std::vector<std::string> Keys(int64_t count) {
  std::vector<std::string> keys;
  keys.reserve(static_cast<size_t>(count));
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

// A cluster of one primary, so that no command is redirected.
class Commands {
 public:
  Commands() : cluster_({.primaries = 1}), client_(*cluster_.Connect({"127.0.0.1", 7000})) {
    for (int index = 0; index < kKeysInUse; ++index) {
      keys_.push_back(Key(index));
      if (!cluster_.Put(keys_.back(), std::string(309, 'v')).ok()) std::abort();
    }
  }

  const std::string& NextKey() { return keys_[next_++ % keys_.size()]; }

  void Execute(std::initializer_list<std::string_view> arguments) {
    replies_.clear();
    cluster_.Execute(client_, {arguments.begin(), arguments.size()}, &replies_);
    // A refused command is a cheap one.
    if (replies_[0] == '-') std::abort();
  }
  void Feed(std::string_view bytes) {
    replies_.clear();
    cluster_.Feed(client_, bytes, &replies_);
    if (replies_[0] == '-') std::abort();
  }

 private:
  static constexpr int kKeysInUse = 1000;

  Cluster cluster_;
  const ClientId client_;
  std::vector<std::string> keys_;
  size_t next_ = 0;
  std::string replies_;
};

void BM_CommandGet(benchmark::State& state) {
  Commands commands;
  for (auto _ : state) commands.Execute({"GET", commands.NextKey()});
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_CommandGet);

void BM_CommandSet(benchmark::State& state) {
  Commands commands;
  for (auto _ : state) commands.Execute({"SET", commands.NextKey(), "value"});
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_CommandSet);

// A probed read of one slot's names, as a listing does it: four commands.
void BM_CommandSlotTransaction(benchmark::State& state) {
  Commands commands;
  std::string probe = "actor:{" + std::string(atestore::SlotTag(7)) + "}";
  for (auto _ : state) {
    commands.Execute({"MULTI"});
    commands.Execute({"EXISTS", probe});
    commands.Execute({"CLUSTER", "GETKEYSINSLOT", "7", "2000"});
    commands.Execute({"EXEC"});
  }
  state.SetItemsProcessed(4 * state.iterations());
}
BENCHMARK(BM_CommandSlotTransaction);

// A pipeline of 16 GETs in wire form.
void BM_FeedGet(benchmark::State& state) {
  constexpr int kPipelined = 16;
  Commands commands;
  std::string bytes;
  for (int number = 0; number < kPipelined; ++number) {
    const std::string& key = commands.NextKey();
    bytes += "*2\r\n$3\r\nGET\r\n$" + std::to_string(key.size()) + "\r\n" + key + "\r\n";
  }
  for (auto _ : state) commands.Feed(bytes);
  state.SetItemsProcessed(kPipelined * state.iterations());
}
BENCHMARK(BM_FeedGet);

// Items are nodes: four primaries with two replicas each.
void BM_BuildCluster(benchmark::State& state) {
  constexpr size_t kNodes = 12;
  for (auto _ : state) {
    Cluster cluster(
        {.primaries = 4, .replicas_per_primary = 2, .flavor = static_cast<Flavor>(state.range(0))});
    benchmark::DoNotOptimize(cluster.now_ms());
  }
  state.SetItemsProcessed(static_cast<int64_t>(kNodes) * state.iterations());
}
BENCHMARK(BM_BuildCluster)->ArgName("flavor")->DenseRange(0, 1);

// A slot goes to another primary and comes back, and all twelve nodes hear of it. Items are moves.
void BM_MoveSlot(benchmark::State& state) {
  Cluster cluster({.primaries = 4, .replicas_per_primary = 2});
  size_t owner = 0;
  for (auto _ : state) {
    owner = 1 - owner;
    if (!cluster.MoveSlot(0, static_cast<NodeIndex>(owner)).ok()) std::abort();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_MoveSlot);

}  // namespace
}  // namespace mockcluster

BENCHMARK_MAIN();
