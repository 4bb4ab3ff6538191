#include "tests/property/record_world.h"

#include <functional>
#include <memory>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/key_filter.h"
#include "core/status.h"
#include "store/codec/json_patch.h"
#include "store/embedded/embedded_transport.h"
#include "store/listing/actor_listing.h"
#include "store/records/record_change.h"
#include "store/records/records.h"
#include "tests/support/manual_clock.h"

namespace atestore {
namespace {

using mockcluster::Cluster;
using mockcluster::Fault;
using mockcluster::Random;

constexpr std::string_view kTouched = "touched";

// Faults after which every acknowledged write is still there.
mockcluster::FaultPlan Faults(const RecordCase& c) {
  mockcluster::FaultPlan plan{
      .seed = c.seed, .faults_per_1000_commands = c.faults_per_1000_commands, .faults_max = 0};
  plan.weight(Fault::kBeginMigration) = 3;
  plan.weight(Fault::kMigrateKeys) = 4;
  plan.weight(Fault::kFinishMigration) = 4;
  plan.weight(Fault::kAbortMigration) = 1;
  plan.weight(Fault::kGracefulFailover) = 2;
  plan.weight(Fault::kForcedFailover) = 2;
  plan.weight(Fault::kRestart) = 2;
  plan.weight(Fault::kLoading) = 1;
  plan.weight(Fault::kDelay) = 1;
  plan.weight(Fault::kDropBefore) = 8;
  plan.weight(Fault::kDropAfter) = 12;
  plan.weight(Fault::kTruncateReply) = 4;
  return plan;
}

class World;

// A program with a view of the cluster of its own.
class Program {
 public:
  Program(World& world, WriteMistake mistake);

  Records& records() { return records_; }
  ClusterClient& client() { return client_; }
  const CallOptions& call() const { return call_; }
  bool crashed() const { return faulty_.crashed(); }
  absl::StatusOr<bool> HasActors(std::string_view atespace) {
    return listing_.HasActors(atespace, call_);
  }

 private:
  EmbeddedTransport transport_;
  FaultyTransport faulty_;
  ClusterClient client_;
  Records records_;
  ActorListing listing_;
  CallOptions call_;
};

class World {
 public:
  explicit World(const RecordCase& c)
      : options_(c),
        cluster_(
            std::make_shared<EmbeddedCluster>(mockcluster::ClusterOptions{.primaries = 3,
                                                                          .replicas_per_primary = 1,
                                                                          .flavor = c.flavor,
                                                                          .seed = c.seed,
                                                                          .rejoin_delay_ms = 0})),
        requests_(c.seed, c.requests) {
    cluster_
        ->With([](Cluster& cluster) { return cluster.Put(AtespaceKey("a"), R"({"name":"a"})"); })
        .IgnoreError();
  }

  void Run(const std::vector<std::function<void()>>& programs) {
    cluster_->With([&](Cluster& cluster) { cluster.SetFaultPlan(Faults(options_)); });
    requests_.turns.Run(programs);
    // Nothing goes wrong any more.
    cluster_->With([&](Cluster& cluster) {
      faults_ = cluster.faults_done();
      cluster.ClearFaultPlan();
    });
    requests_.faults = {};
    requests_.DeliverLate();
    cluster_->With([](Cluster& cluster) {
      for (Slot slot : cluster.OpenSlots()) cluster.FinishMigration(slot).IgnoreError();
      for (const mockcluster::NodeInfo& node : cluster.Nodes()) {
        cluster.SetLoading(node.index, 0).IgnoreError();
        cluster.SetClusterDown(node.index, 0).IgnoreError();
      }
      cluster.Settle();
    });
  }

  const RecordCase& options() const { return options_; }
  const std::shared_ptr<EmbeddedCluster>& cluster() { return cluster_; }
  RequestWorld& requests() { return requests_; }
  ManualClock& clock() { return clock_; }
  size_t faults() const { return faults_; }

 private:
  const RecordCase options_;
  const std::shared_ptr<EmbeddedCluster> cluster_;
  RequestWorld requests_;
  size_t faults_ = 0;
  ManualClock clock_{[this](absl::Duration waited) {
    cluster_->With(
        [&](Cluster& cluster) { cluster.AdvanceTime(absl::ToInt64Milliseconds(waited) + 1); });
    requests_.turns.Yield();
  }};
};

Program::Program(World& world, WriteMistake mistake)
    : transport_(world.cluster()),
      faulty_(world.requests(), transport_, mistake),
      client_(faulty_, world.clock(), world.cluster()->Endpoints(), {}),
      records_(client_),
      listing_(client_, StoreOptions{}, PageTokenCodec()),
      call_{.deadline = absl::InfiniteFuture(), .cancelled = [this] { return crashed(); }} {}

ateapi::ActorRef One() {
  ateapi::ActorRef ref;
  ref.set_atespace("a");
  ref.set_name("one");
  return ref;
}

ateapi::Selector SelectorOf(int64_t number) {
  ateapi::Selector selector;
  (*selector.mutable_match_labels())["n"] = absl::StrCat(number);
  return selector;
}

// The operations of one program, noted in the history.
class Writer {
 public:
  Writer(World& world, Program& program, std::vector<WriteOperation>& history)
      : world_(world), program_(program), history_(history) {}

  void DoSomething(int64_t argument) {
    switch (world_.requests().random.Below(8)) {
      case 0:
      case 1:
        return Note(WriteKind::kCreate, argument,
                    [&](WriteOperation&) { return Create(argument); });
      case 2:
      case 3:
        return Note(WriteKind::kUpdate, argument,
                    [&](WriteOperation& o) { return Update(argument, o); });
      case 4:
        return Note(WriteKind::kTouch, argument, [&](WriteOperation&) { return Touch(argument); });
      case 5:
      case 6:
        return Note(WriteKind::kDelete, 0, [&](WriteOperation&) {
          return program_.records().DeleteActor(One(), program_.call());
        });
      default:
        return Read();
    }
  }

  void Read() {
    Note(WriteKind::kRead, 0, [&](WriteOperation& o) { return ReadInto(o); });
  }

 private:
  void Note(WriteKind kind, int64_t argument,
            const std::function<absl::Status(WriteOperation&)>& operate) {
    WriteOperation operation{.kind = kind, .argument = argument};
    operation.began = world_.requests().turns.Step();
    absl::Status status = operate(operation);
    operation.ended = world_.requests().turns.Step();
    if (absl::IsNotFound(status)) {
      operation.result = WriteResult::kAbsent;
    } else if (absl::IsAlreadyExists(status)) {
      operation.result = WriteResult::kPresent;
    } else if (!status.ok()) {
      const bool was_made_perhaps = IsWriteOutcomeUnknown(status);
      // A creation that could not look at its atespace again took its actor back.
      const bool was_taken_back = kind == WriteKind::kCreate;
      if (!was_made_perhaps && !was_taken_back) return;
      operation.result = WriteResult::kUnknown;
      history_.push_back(operation);
      if (was_made_perhaps) return;
      operation.kind = WriteKind::kDelete;
    }
    history_.push_back(operation);
  }

  absl::Status Create(int64_t argument) {
    ateapi::CreateActorRequest request;
    *request.mutable_actor_ref() = One();
    *request.mutable_worker_selector() = SelectorOf(argument);
    return program_.records().CreateActor(request, program_.call()).status();
  }
  absl::Status Update(int64_t argument, WriteOperation& operation) {
    ateapi::UpdateActorRequest request;
    *request.mutable_actor_ref() = One();
    *request.mutable_worker_selector() = SelectorOf(argument);
    absl::StatusOr<ateapi::Actor> actor = program_.records().UpdateActor(request, program_.call());
    if (actor.ok()) operation.seen.version = actor->version();
    return actor.status();
  }
  // As a later build does, whose records have a member more.
  absl::Status Touch(int64_t argument) {
    const std::string write_id = absl::StrCat("touch", argument);
    auto decide = [&](std::optional<ReplyView> present) -> absl::StatusOr<RecordChange> {
      if (!present) return NotFoundError("none");
      ateapi::Actor actor;
      absl::Status status = DecodeActorRecord(ActorKey("a", "one"), present->text(), &actor);
      if (!status.ok()) return status;
      const std::vector<JsonMemberChange> changes{
          {.name = kTouched, .other_name = "", .value = absl::StrCat(argument)},
          {.name = "version", .other_name = "", .value = absl::StrCat(actor.version() + 1)},
          {.name = "$write", .other_name = "", .value = absl::StrCat("\"", write_id, "\"")}};
      return RecordChange{.kind = RecordChange::Kind::kWrite,
                          .value = *PatchJsonObject(present->text(), changes),
                          .write_id = write_id};
    };
    return ChangeRecord(program_.client(), ActorKey("a", "one"), program_.call(), decide);
  }
  absl::Status ReadInto(WriteOperation& operation) {
    const std::string key = ActorKey("a", "one");
    absl::StatusOr<std::optional<Reply>> value =
        ReadRecord(program_.client(), key, program_.call());
    if (!value.ok()) return value.status();
    if (!*value) return NotFoundError("none");
    std::string_view json = (*value)->view().text();
    ateapi::Actor actor;
    absl::Status status = DecodeActorRecord(key, json, &actor);
    if (!status.ok()) return status;
    RecordState& seen = operation.seen;
    seen.exists = true;
    seen.version = actor.version();
    const auto& labels = actor.worker_selector().match_labels();
    if (auto label = labels.find("n"); label != labels.end()) {
      (void)absl::SimpleAtoi(label->second, &seen.selector);
    }
    if (std::optional<std::string_view> touched = FindJsonMember(json, kTouched)) {
      (void)absl::SimpleAtoi(ToAbsl(*touched), &seen.touched);
    }
    return absl::OkStatus();
  }

  World& world_;
  Program& program_;
  std::vector<WriteOperation>& history_;
};

}  // namespace

RecordCase RecordCase::Generate(uint64_t seed) {
  Random random(seed);
  constexpr mockcluster::Flavor kFlavors[] = {mockcluster::Flavor::kRedis70,
                                              mockcluster::Flavor::kValkey80,
                                              mockcluster::Flavor::kValkey91};
  RecordCase c{.seed = seed, .flavor = kFlavors[random.Below(3)]};
  c.programs = 2 + random.Below(3);
  c.operations = 2 + random.Below(4);
  c.faults_per_1000_commands = static_cast<uint32_t>(random.Below(4) * 40);
  c.requests.late_per_1000 = static_cast<uint32_t>(random.Below(3) * 100);
  c.requests.refused_per_1000 = static_cast<uint32_t>(random.Below(3) * 50);
  c.requests.not_sent_per_1000 = static_cast<uint32_t>(random.Below(3) * 30);
  c.requests.crash_per_1000 = static_cast<uint32_t>(random.Below(4) == 0 ? 20 : 0);
  return c;
}

std::ostream& operator<<(std::ostream& out, const RecordCase& c) {
  return out << "{.seed=" << c.seed << " .flavor=" << static_cast<int>(c.flavor)
             << " .programs=" << c.programs << " .operations=" << c.operations
             << " .faults_per_1000_commands=" << c.faults_per_1000_commands
             << " .late=" << c.requests.late_per_1000 << " .refused=" << c.requests.refused_per_1000
             << " .not_sent=" << c.requests.not_sent_per_1000
             << " .crash=" << c.requests.crash_per_1000
             << " .mistake=" << static_cast<int>(c.mistake) << "}";
}

RecordRun RunRecordHistory(const RecordCase& c) {
  World world(c);
  RecordRun run;
  std::vector<std::unique_ptr<Program>> programs;
  std::vector<std::function<void()>> parts;
  for (size_t i = 0; i < c.programs; ++i) {
    programs.push_back(std::make_unique<Program>(world, c.mistake));
    parts.emplace_back([&, i, program = programs.back().get()] {
      Writer writer(world, *program, run.history);
      for (size_t n = 0; n < c.operations && !program->crashed(); ++n) {
        writer.DoSomething(static_cast<int64_t>(1 + i * c.operations + n));
      }
    });
  }
  world.Run(parts);
  Program last(world, WriteMistake::kNone);
  Writer(world, last, run.history).Read();
  run.faults = world.faults();
  run.late = world.requests().late_delivered;
  return run;
}

namespace {

// What one history of an atespace came to.
struct AtespaceOutcome {
  std::vector<std::string> created;  // acknowledged
  bool deleted = false;              // acknowledged
};

size_t CreationsOf(const RecordCase& c) { return 1 + c.operations / 4; }
std::string KeyOf(size_t program, size_t creation) {
  return absl::StrCat("actor-", program, "-", creation);
}

void CreateActors(Program& program, size_t number, const RecordCase& c, AtespaceOutcome& outcome) {
  for (size_t n = 0; n < CreationsOf(c) && !program.crashed(); ++n) {
    ateapi::CreateActorRequest request;
    request.mutable_actor_ref()->set_atespace("a");
    request.mutable_actor_ref()->set_name(KeyOf(number, n));
    if (program.records().CreateActor(request, program.call()).ok()) {
      outcome.created.push_back(request.actor_ref().name());
    }
  }
}

// Looks at one name after the other: less than a listing, and all that DeleteAtespace() relies on.
absl::StatusOr<bool> LookForActors(Program& program, const RecordCase& c) {
  for (size_t i = 0; i < c.programs; ++i) {
    for (size_t n = 0; n < CreationsOf(c); ++n) {
      absl::StatusOr<std::optional<Reply>> value =
          ReadRecord(program.client(), ActorKey("a", KeyOf(i, n)), program.call());
      if (!value.ok()) return value.status();
      if (*value) return false;
    }
  }
  return true;
}

void DeleteAtespaces(Program& program, const RecordCase& c, AtespaceOutcome& outcome) {
  constexpr uint64_t kByListing = 64;  // one in so many: it walks all slots
  for (size_t n = 0; n < 1 + c.operations / 3 && !program.crashed(); ++n) {
    auto is_empty = [&]() -> absl::StatusOr<bool> {
      if (c.seed % kByListing != 0) return LookForActors(program, c);
      absl::StatusOr<bool> has_actors = program.HasActors("a");
      if (!has_actors.ok()) return has_actors.status();
      return !*has_actors;
    };
    if (program.records().DeleteAtespace("a", is_empty, program.call()).ok()) {
      outcome.deleted = true;
    }
  }
}

// The next calls find a state that they can work with, whatever crashed before.
std::string CheckAfterwards(World& world, const AtespaceOutcome& outcome) {
  Program last(world, WriteMistake::kNone);
  const bool exists = last.records().GetAtespace("a", last.call()).ok();
  if (outcome.deleted && exists) return "the deleted atespace is there";
  for (const std::string& name : outcome.created) {
    ateapi::ActorRef ref;
    ref.set_atespace("a");
    ref.set_name(name);
    if (!exists) return absl::StrCat(name, " was acknowledged, and its atespace is gone");
    absl::Status status = last.records().GetActor(ref, last.call()).status();
    if (!status.ok()) return absl::StrCat(name, " was acknowledged: ", status.ToString());
  }
  ateapi::CreateActorRequest request;
  request.mutable_actor_ref()->set_atespace("a");
  request.mutable_actor_ref()->set_name("last");
  absl::Status created = last.records().CreateActor(request, last.call()).status();
  if (created.ok() != exists) return absl::StrCat("afterwards: ", created.ToString());
  return "";
}

}  // namespace

std::string RunAtespaceHistory(const RecordCase& c) {
  World world(c);
  AtespaceOutcome outcome;
  std::vector<std::unique_ptr<Program>> programs;
  std::vector<std::function<void()>> parts;
  for (size_t i = 0; i < c.programs; ++i) {
    programs.push_back(std::make_unique<Program>(world, c.mistake));
    parts.emplace_back([&, i, program = programs.back().get()] {
      i % 2 == 0 ? CreateActors(*program, i, c, outcome) : DeleteAtespaces(*program, c, outcome);
    });
  }
  world.Run(parts);
  if (outcome.deleted && !outcome.created.empty()) {
    return absl::StrCat("both the deletion and ", outcome.created[0], " were acknowledged");
  }
  return CheckAfterwards(world, outcome);
}

}  // namespace atestore
