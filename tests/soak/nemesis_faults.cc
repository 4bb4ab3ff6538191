// What the nemesis does: each fault applied to whatever the cluster is at that moment.
#include <csignal>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/status.h"
#include "tests/soak/idle.h"
#include "tests/soak/nemesis_cluster.h"
#include "tests/soak/nemesis_line.h"

namespace atestore {
namespace {

using enum NemesisFault;

constexpr absl::Duration kApplyLimit = absl::Seconds(6);
constexpr absl::Duration kApplyInterval = absl::Milliseconds(100);
constexpr absl::Duration kMaxClientsTimeout = absl::Seconds(10);
constexpr absl::Duration kFailoverLimit = absl::Seconds(3);
constexpr absl::Duration kShutdownLimit = absl::Seconds(3);

bool IsProcessFault(NemesisFault fault) {
  return fault == kStop || fault == kReload || fault == kKill || fault == kShutdown;
}
bool IsBusFault(NemesisFault fault) {
  return fault == kCutOneWay || fault == kCutBoth || fault == kDropPackets || fault == kDropFilter;
}
bool IsFailover(NemesisFault fault) {
  return fault == kFailover || fault == kFailoverForced || fault == kFailoverOfSource ||
         fault == kFailoverOfDestination;
}
bool IsMigration(NemesisFault fault) {
  return fault == kMigrationHalf || fault == kMigrationFinished || fault == kMigrationAborted;
}

BusPacket AnyPacket(uint32_t draw) {
  constexpr BusPacket kPackets[] = {BusPacket::kPing,
                                    BusPacket::kPong,
                                    BusPacket::kFail,
                                    BusPacket::kFailoverAuthRequest,
                                    BusPacket::kFailoverAuthAck,
                                    BusPacket::kUpdate};
  return kPackets[draw % std::size(kPackets)];
}

}  // namespace

// What is refused because of the other faults is tried again, elsewhere if need be: a nemesis whose
// faults prevent each other proves little.
absl::Status NemesisCluster::Apply(const NemesisStep& step) {
  absl::Status status;
  NemesisStep attempt = step;
  const absl::Time give_up = absl::Now() + kApplyLimit;
  do {
    status = ApplyOnce(attempt);
    if (status.ok()) break;
    Idle(kApplyInterval);
    ++attempt.first;
    ++attempt.second;
  } while (absl::Now() < give_up);
  return status;
}

absl::Status NemesisCluster::ApplyOnce(const NemesisStep& step) {
  auto wait = [&] { Idle(absl::Milliseconds(step.duration_ms)); };
  const NemesisFault fault = step.fault;
  if (IsProcessFault(fault)) return ApplyToProcess(step, wait);
  if (IsBusFault(fault)) return ApplyToBus(step, wait);
  if (IsFailover(fault)) return ApplyFailover(step, wait);
  if (IsMigration(fault)) return ApplyMigration(step);
  if (fault == kAtomicMigration || fault == kAtomicCancelled) return ApplyAtomicMigration(step);
  if (fault == kNodeJoins || fault == kNodeLeaves) return ApplyMembership(step);
  if (fault == kMaxClients || fault == kClientsKilled) return ApplyToConnections(step, wait);
  return ApplyConfiguration(step, wait);
}

absl::Status NemesisCluster::ApplyToProcess(const NemesisStep& step,
                                            const std::function<void()>& wait) {
  const size_t node = step.first % cluster_->size();
  {
    std::lock_guard lock(mutex_);
    if (!busy_nodes_.insert(node).second) return UnavailableError("something else happens to it");
  }
  absl::Cleanup not_busy = [&] {
    std::lock_guard lock(mutex_);
    busy_nodes_.erase(node);
  };
  if (!cluster_->is_member(node)) return FailedPreconditionError("it is not in the cluster");
  if (step.fault == kStop) {
    cluster_->Pause(node);
    wait();
    cluster_->Resume(node);
    return absl::OkStatus();
  }
  if (step.fault == kReload) {
    absl::Status status = RunOk(node, {"DEBUG", "RELOAD"});
    // It takes as long as it takes.
    return absl::IsUnavailable(status) && cluster_->running(node) ? absl::OkStatus() : status;
  }
  if (step.fault == kShutdown) RunOk(node, {"SHUTDOWN", "NOSAVE", "NOW"}).IgnoreError();
  if (step.fault == kShutdown && !Poll(kShutdownLimit, [&] { return !cluster_->running(node); })) {
    return DeadlineExceededError("it does not shut down");
  }
  {
    std::lock_guard lock(processes_);
    if (absl::Status status = cluster_->Stop(node, StopMode::kKill); !status.ok()) return status;
  }
  wait();
  std::lock_guard lock(processes_);
  return cluster_->Launch(node);
}

void NemesisCluster::Isolate(size_t node, bool cut) {
  BusRelay& relay = cluster_->relay();
  for (size_t other = 0; other < cluster_->size(); ++other) {
    if (other == node) continue;
    for (auto [from, to] : {std::pair(node, other), std::pair(other, node)}) {
      cut ? relay.Cut(from, to) : relay.Mend(from, to);
    }
  }
}

absl::Status NemesisCluster::ApplyToBus(const NemesisStep& step,
                                        const std::function<void()>& wait) {
  BusRelay& relay = cluster_->relay();
  const size_t node = step.first % cluster_->size();
  ++bus_faults_;
  absl::Cleanup mended = [&] { --bus_faults_; };
  if (step.fault == kCutOneWay) {
    const size_t to = (node + 1 + step.second % (cluster_->size() - 1)) % cluster_->size();
    relay.Cut(node, to);
    wait();
    relay.Mend(node, to);
    return absl::OkStatus();
  }
  const BusPacket packets = AnyPacket(step.second);
  if (step.fault == kDropPackets) {
    relay.Drop(node, packets);
    wait();
    relay.StopDropping(node, packets);
    return absl::OkStatus();
  }
  if (step.fault == kDropFilter) {
    absl::Status status = RunOk(
        node, {"DEBUG", "DROP-CLUSTER-PACKET-FILTER", std::to_string(static_cast<int>(packets))});
    wait();
    // It forgets it when it is started again, and Repair() does it where this fails.
    RunOk(node, {"DEBUG", "DROP-CLUSTER-PACKET-FILTER", "-1"}).IgnoreError();
    relay.EndConnections(node);  // TCP had delivered what it threw away
    return status;
  }
  Isolate(node, true);
  wait();
  Isolate(node, false);
  return absl::OkStatus();
}

absl::Status NemesisCluster::FailOver(size_t replica, const std::string& option) {
  Command command{"CLUSTER", "FAILOVER"};
  if (!option.empty()) command.push_back(option);
  return RunOk(replica, command);
}

absl::Status NemesisCluster::ApplyFailover(const NemesisStep& step,
                                           const std::function<void()>& wait) {
  if (step.fault == kFailover || step.fault == kFailoverForced) {
    absl::StatusOr<size_t> primary = AnyPrimary(step.first);
    if (!primary.ok()) return primary.status();
    absl::StatusOr<size_t> replica = AnyReplicaOf(IdOf(*primary));
    if (!replica.ok()) return replica.status();
    if (step.fault == kFailover) return FailOver(*replica, "");
    // These do not ask the primary: behind a cut they make a second owner, of which the first does
    // not hear, and what is true then nobody can say (limits in docs/consistency.md).
    if (bus_faults_ > 0) return UnavailableError("a forced failover behind a cut");
    const bool takeover = step.second % 2 != 0;
    return FailOver(*replica, takeover ? "TAKEOVER" : "FORCE");
  }
  const bool is_source = step.fault == kFailoverOfSource;
  absl::StatusOr<OpenSlot> open = OpenSlotWithReplica(step, is_source);
  if (!open.ok()) return open.status();
  absl::StatusOr<size_t> replica = AnyReplicaOf(is_source ? open->from : open->to);
  if (!replica.ok()) return replica.status();
  // Every other time the slot's other end hears nothing of it for a while. It hears the rest of the
  // cluster: else it would soon be down.
  const std::optional<size_t> end = NumberOf(is_source ? open->from : open->to);
  const std::optional<size_t> other_end = NumberOf(is_source ? open->to : open->from);
  if (step.second % 2 == 0 || !end || !other_end) return FailOver(*replica, "");
  for (const size_t node : {*end, *replica}) cluster_->relay().Cut(node, *other_end);
  absl::Status status = FailOver(*replica, "");
  if (status.ok()) {
    Poll(kFailoverLimit, [&] {
      absl::StatusOr<HiredisReply> role = Run(*replica, {"ROLE"});
      return role.ok() && role->elements[0].text == "master";
    });
    wait();
  }
  for (const size_t node : {*end, *replica}) cluster_->relay().Mend(node, *other_end);
  return status;
}

absl::Status NemesisCluster::ApplyConfiguration(const NemesisStep& step,
                                                const std::function<void()>& wait) {
  const NemesisFault fault = step.fault;
  if (fault == kResetStat) return RunOnAll({"CONFIG", "RESETSTAT"});
  if (!BeginSetting(fault)) return UnavailableError("it is that way already");
  absl::Cleanup not_busy = [&] { EndSetting(fault); };
  absl::Status status;
  // What fails to be undone here, Repair() undoes.
  if (fault == kReadsWhenDown) {
    absl::StatusOr<size_t> minority = AnyPrimary(step.first);
    if (!minority.ok()) return minority.status();
    status = Configure("cluster-allow-reads-when-down", "yes");
    ++bus_faults_;
    Isolate(*minority, true);
    wait();
    Isolate(*minority, false);
    --bus_faults_;
    Configure("cluster-allow-reads-when-down", "no").IgnoreError();
    // A node that hangs, or does not run, is as good as left out.
    return absl::IsUnavailable(status) ? absl::OkStatus() : status;
  }
  if (fault == kNodeTimeout) {
    status = Configure("cluster-node-timeout", std::to_string(300 + step.first));
    return absl::IsUnavailable(status) ? absl::OkStatus() : status;
  }
  absl::StatusOr<size_t> primary = AnyPrimary(step.first);
  if (!primary.ok()) return primary.status();
  const size_t node = *primary;
  const bool memory = fault == kMemoryFull;
  const std::string name = memory ? "maxmemory" : "min-replicas-to-write";
  status = RunOk(node, {"CONFIG", "SET", name, memory ? "1" : "5"});
  wait();
  RunOk(node, {"CONFIG", "SET", name, "0"}).IgnoreError();
  return status;
}

bool NemesisCluster::BeginSetting(NemesisFault fault) {
  std::lock_guard lock(mutex_);
  return busy_settings_.insert(fault).second;
}

void NemesisCluster::EndSetting(NemesisFault fault) {
  std::lock_guard lock(mutex_);
  busy_settings_.erase(fault);
}

// Kills all connections, or admits no further ones. Not both at a time: the connection that took
// the limit down must stay to take it up again, since no other is admitted.
absl::Status NemesisCluster::ApplyToConnections(const NemesisStep& step,
                                                const std::function<void()>& wait) {
  if (!BeginSetting(kMaxClients)) return UnavailableError("connections are limited or killed");
  absl::Cleanup not_busy = [&] { EndSetting(kMaxClients); };
  if (step.fault == kClientsKilled) return RunOnAll({"CLIENT", "KILL", "TYPE", "normal"});
  absl::StatusOr<size_t> node = AnyPrimary(step.first);
  if (!node.ok()) return node.status();
  absl::StatusOr<HiredisClient> client =
      HiredisClient::Connect(cluster_->endpoint(*node), "", kMaxClientsTimeout);
  if (!client.ok()) return client.status();
  auto run = [&](const Command& command) -> absl::Status {
    absl::StatusOr<HiredisReply> reply = client->Execute(command);
    if (reply.ok() && reply->is_error) return UnavailableError(reply->text);
    return reply.status();
  };
  absl::Status status = run({"CONFIG", "SET", "maxclients", "1"});
  if (status.ok()) status = run({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
  wait();
  // Killed or stopped meanwhile? Then it begins with its file's value, or goes on to obey this.
  run({"CONFIG", "SET", "maxclients", "10000"}).IgnoreError();
  return status;
}

}  // namespace atestore
