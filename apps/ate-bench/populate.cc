#include <map>
#include <utility>

#include "absl/time/clock.h"
#include "apps/ate-bench/benchmarks.h"
#include "apps/ate-bench/target.h"
#include "bench/typical_value.h"
#include "core/key_filter.h"
#include "core/status.h"
#include "store/codec/value_codec.h"

namespace atestore {
namespace {

constexpr size_t kBatchCommands = 20'000;

class ErrorCounter final : public ReplyObserver {
 public:
  void OnReply(size_t /*request*/, size_t /*command*/, const ReplyView& reply) override {
    if (reply.is_error()) first_error = absl::InternalError(ToAbsl(reply.text()));
  }
  void OnFailure(size_t /*request*/, const absl::Status& status) override { first_error = status; }

  absl::Status first_error;
};

// SET commands in flight to the owners of their slots.
class Writer {
 public:
  explicit Writer(Target& target) : target_(target) {}

  absl::Status Add(const std::string& key, std::string_view value) {
    const Endpoint& owner = target_.topology->Owner(KeySlot(key))->endpoint;
    pipelines_[owner].Add({"SET", key, value});
    return ++waiting_ < kBatchCommands ? absl::OkStatus() : Flush();
  }

  absl::Status Flush() {
    std::vector<ShardRequest> requests;
    for (auto& [endpoint, pipeline] : pipelines_) requests.push_back({endpoint, pipeline});
    pipelines_.clear();
    waiting_ = 0;
    ErrorCounter observer;
    target_.transport->Execute(requests, absl::Now() + absl::Minutes(1), observer);
    return observer.first_error;
  }

 private:
  Target& target_;
  std::map<Endpoint, Pipeline> pipelines_;
  size_t waiting_ = 0;
};

absl::Status WriteAll(Target& target, const PopulateOptions& populate) {
  Writer writer(target);
  for (int64_t i = 0; i < populate.atespaces; ++i) {
    ateapi::Atespace atespace;
    atespace.set_name(TypicalAtespace(i));
    absl::Status status = writer.Add(AtespaceKey(atespace.name()), EncodeAtespace(atespace));
    if (!status.ok()) return status;
  }
  for (int64_t i = 0; i < populate.actors; ++i) {
    std::string atespace = TypicalAtespace(i % populate.atespaces);
    absl::Status status =
        writer.Add(ActorKey(atespace, TypicalActorId(i)), TypicalValue(i, atespace));
    if (!status.ok()) return status;
  }
  return writer.Flush();
}

}  // namespace

absl::StatusOr<Report> Populate(const BenchOptions& options, const PopulateOptions& populate) {
  absl::StatusOr<std::unique_ptr<Target>> target = OpenTarget(options.addresses);
  if (!target.ok()) return target.status();
  if (TypicalValue(1, "a") != EncodeActor(TypicalActor(1, "a"))) {
    return absl::InternalError("the typical value is not what the service writes");
  }
  absl::Time start = absl::Now();
  if (absl::Status status = WriteAll(**target, populate); !status.ok()) return status;
  double seconds = absl::ToDoubleSeconds(absl::Now() - start);
  Report report;
  report.Add("server", ServerName(**target));
  report.Add("actors", populate.actors);
  report.Add("atespaces", populate.atespaces);
  report.Add("seconds", seconds);
  report.Add("actors_per_second", static_cast<double>(populate.actors) / seconds);
  return report;
}

}  // namespace atestore
