#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/typical_value.h"
#include "core/key_filter.h"
#include "core/listing/key_list.h"
#include "core/node_view.h"
#include "core/page_token.h"
#include "core/resp.h"
#include "core/slot.h"

namespace atestore {
namespace {

std::string KeyOf(int64_t number) {
  return ActorKey(TypicalAtespace(number % 50), TypicalActorId(number));
}

void BM_KeySlot(benchmark::State& state) {
  const std::string key = KeyOf(12345);
  for (auto _ : state) benchmark::DoNotOptimize(KeySlot(key));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(key.size()));
}
BENCHMARK(BM_KeySlot);

const Position kPosition{.slot = 12345, .place = AfterKey{{.hash = 0x0123456789ABCDEF}}};
constexpr uint64_t kRequestHash = 0xFEDCBA9876543210;

// With a checksum (0) and with an HMAC (1).
PageTokenCodec CodecOf(benchmark::State& state) {
  if (state.range(0) == 0) return PageTokenCodec();
  return *PageTokenCodec::Create({{.id = 1, .secret = std::string(32, 's')}});
}

void BM_EncodePageToken(benchmark::State& state) {
  const PageTokenCodec codec = CodecOf(state);
  for (auto _ : state) benchmark::DoNotOptimize(codec.Encode(kPosition, kRequestHash));
}
BENCHMARK(BM_EncodePageToken)->Arg(0)->Arg(1);

void BM_DecodePageToken(benchmark::State& state) {
  const PageTokenCodec codec = CodecOf(state);
  const std::string token = codec.Encode(kPosition, kRequestHash);
  for (auto _ : state) {
    auto decoded = codec.Decode(token, kRequestHash);
    if (!std::holds_alternative<Position>(decoded)) state.SkipWithError("refused");
    benchmark::DoNotOptimize(decoded);
  }
}
BENCHMARK(BM_DecodePageToken)->Arg(0)->Arg(1);

// An MGET reply of so many values, in chunks as a socket gives them.
void BM_ParseMgetReply(benchmark::State& state) {
  std::string reply = absl::StrCat("*", state.range(0), "\r\n");
  for (int64_t i = 0; i < state.range(0); ++i) {
    std::string value = TypicalValue(i, "space-000");
    absl::StrAppend(&reply, "$", value.size(), "\r\n", value, "\r\n");
  }
  constexpr size_t kChunkBytes = size_t{64} << 10;
  RespReader reader;
  for (auto _ : state) {
    bool whole = false;
    for (size_t at = 0; at < reply.size(); at += kChunkBytes) {
      reader.Feed(std::string_view(reply).substr(at, kChunkBytes));
      whole = reader.Next()->has_value();
    }
    if (!whole) state.SkipWithError("no reply");
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(reply.size()));
}
BENCHMARK(BM_ParseMgetReply)->Arg(18)->Arg(1000);

// What a node says about itself, its share of the slots in so many ranges.
void BM_ReadClusterNodes(benchmark::State& state) {
  const size_t ranges = static_cast<size_t>(state.range(0));
  const size_t slots = kSlotCount / 3 / ranges;
  std::string text = "aaaa 127.0.0.1:7001@17001 myself,master - 0 0 1 connected";
  for (size_t first = 0; first < 3 * ranges * slots; first += 3 * slots) {
    absl::StrAppend(&text, " ", first, "-", first + slots - 1);
  }
  for (auto _ : state) {
    absl::StatusOr<NodeView> view = NodeView::FromClusterNodes(text);
    if (!view.ok()) state.SkipWithError(view.status().ToString().c_str());
    benchmark::DoNotOptimize(view);
  }
}
BENCHMARK(BM_ReadClusterNodes)->Arg(1)->Arg(100)->Arg(1000);

// What a page does with its names: hash, collect, sort.
void BM_OrderNames(benchmark::State& state) {
  std::vector<std::string> keys;
  for (int64_t i = 0; i < state.range(0); ++i) keys.push_back(KeyOf(i));
  for (auto _ : state) {
    KeyList names;
    for (const std::string& key : keys) names.Add(KeySlot(key), 0, HashKey(key), key);
    names.Sort();
    benchmark::DoNotOptimize(names);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_OrderNames)->Arg(1000);

}  // namespace
}  // namespace atestore

BENCHMARK_MAIN();
