#include <benchmark/benchmark.h>
#include <google/protobuf/util/json_util.h>

#include <string>
#include <vector>

#include "bench/typical_value.h"
#include "core/resp.h"
#include "store/codec/actor_json.h"
#include "store/codec/value_codec.h"

namespace atestore {
namespace {

std::string Padded(std::string text) {
  text.append(RespReader::kPadding, '\0');
  return text;
}

// What a listing does with every value, the message reused.
void BM_DecodePaddedActor(benchmark::State& state) {
  std::string value = TypicalValue(12345, "space-045");
  std::string padded = Padded(value);
  std::string_view json = std::string_view(padded).substr(0, value.size());
  ateapi::Actor actor;
  for (auto _ : state) {
    if (!DecodePaddedActor(json, &actor).ok()) state.SkipWithError("not decoded");
    benchmark::DoNotOptimize(actor);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(json.size()));
}
BENCHMARK(BM_DecodePaddedActor);

// What kubectl-ate writes for every actor of -o json and jsonl, into text that grows.
void BM_WriteActorJson(benchmark::State& state) {
  const ateapi::Actor actor = TypicalActor(12345, "space-045");
  std::string json;
  for (auto _ : state) {
    json.clear();
    AppendActorJson(actor, &json);
    benchmark::DoNotOptimize(json);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(json.size()));
}
BENCHMARK(BM_WriteActorJson);

// Its yardstick.
void BM_ProtobufWriteJson(benchmark::State& state) {
  const ateapi::Actor actor = TypicalActor(12345, "space-045");
  std::string json;
  for (auto _ : state) {
    json.clear();
    if (!google::protobuf::util::MessageToJsonString(actor, &json).ok()) {
      state.SkipWithError("not written");
    }
    benchmark::DoNotOptimize(json);
  }
}
BENCHMARK(BM_ProtobufWriteJson);

// What a filter on the status, or a field mask with it alone, decodes of every value.
void BM_DecodeOneField(benchmark::State& state) {
  std::string value = TypicalValue(12345, "space-045");
  std::string padded = Padded(value);
  std::string_view json = std::string_view(padded).substr(0, value.size());
  const ActorFields status = ActorFields().Add(ateapi::Actor::kStatusFieldNumber);
  ateapi::Actor actor;
  for (auto _ : state) {
    if (!DecodePaddedActor(json, status, &actor).ok()) state.SkipWithError("not decoded");
    benchmark::DoNotOptimize(actor);
  }
}
BENCHMARK(BM_DecodeOneField);

constexpr int kPageActors = 1000;

std::vector<std::string> PageOfValues() {
  std::vector<std::string> values;
  for (int i = 0; i < kPageActors; ++i) {
    values.push_back(TypicalValue(i, "space-000"));
    values.back().reserve(values.back().size() + RespReader::kPadding);
  }
  return values;
}

void DecodePage(benchmark::State& state, const std::vector<std::string>& values,
                ateapi::ListActorsResponse& page) {
  for (const std::string& value : values) {
    if (!DecodePaddedActor(value, page.add_actors()).ok()) state.SkipWithError("not decoded");
  }
  benchmark::DoNotOptimize(page);
}

// A page of new messages, as a response holds them.
void BM_DecodePage(benchmark::State& state) {
  const std::vector<std::string> values = PageOfValues();
  for (auto _ : state) {
    ateapi::ListActorsResponse page;
    DecodePage(state, values, page);
  }
  state.SetItemsProcessed(state.iterations() * kPageActors);
}
BENCHMARK(BM_DecodePage);

// The same into a page that is done with.
void BM_DecodeRecycledPage(benchmark::State& state) {
  const std::vector<std::string> values = PageOfValues();
  ateapi::ListActorsResponse page;
  DecodePage(state, values, page);
  for (auto _ : state) {
    for (int i = 0; i < kPageActors; ++i) {
      if (!DecodePaddedActor(values[static_cast<size_t>(i)], page.mutable_actors(i)).ok()) {
        state.SkipWithError("not decoded");
      }
    }
    benchmark::DoNotOptimize(page);
  }
  state.SetItemsProcessed(state.iterations() * kPageActors);
}
BENCHMARK(BM_DecodeRecycledPage);

// The yardstick: protobuf's own parser.
void BM_ProtobufJson(benchmark::State& state) {
  std::string value = TypicalValue(12345, "space-045");
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  ateapi::Actor actor;
  for (auto _ : state) {
    if (!google::protobuf::util::JsonStringToMessage(value, &actor, options).ok()) {
      state.SkipWithError("not decoded");
    }
    benchmark::DoNotOptimize(actor);
  }
}
BENCHMARK(BM_ProtobufJson);

// The floor: the same message from protobuf's binary form.
void BM_ProtobufBinary(benchmark::State& state) {
  ateapi::Actor actor;
  if (!DecodeActor(TypicalValue(12345, "space-045"), &actor).ok())
    state.SkipWithError("not decoded");
  std::string bytes = actor.SerializeAsString();
  for (auto _ : state) {
    if (!actor.ParseFromString(bytes)) state.SkipWithError("not decoded");
    benchmark::DoNotOptimize(actor);
  }
}
BENCHMARK(BM_ProtobufBinary);

}  // namespace
}  // namespace atestore

BENCHMARK_MAIN();
