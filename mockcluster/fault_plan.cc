#include "mockcluster/fault_plan.h"

namespace mockcluster::inline v0 {
namespace {

constexpr std::array<std::string_view, kFaultCount> kNames = {
    "begin-migration",
    "migrate-keys",
    "finish-migration",
    "abort-migration",
    "abort-leaving-copies",
    "abort-leaving-orphans",
    "begin-atomic-migration",
    "finish-atomic-migration",
    "abort-atomic-migration",
    "graceful-failover",
    "forced-failover",
    "restart",
    "restart-empty",
    "fail-while-rejoining",
    "loading",
    "join",
    "leave",
    "gossip",
    "settle",
    "force-grow",
    "force-shrink",
    "drop-before",
    "drop-after",
    "truncate-reply",
    "delay",
    "lose-replica",
    "demote-destination",
    "deafen",
    "hear-again",
    "reload",
    "change-server",
    "partition",
    "heal-partition",
    "allow-reads-when-down",
    "hang",
    "resume",
    "pass-address",
    "fill-memory",
    "reset-statistics",
    "hand-over-unheard",
};

}  // namespace

std::string_view FaultName(Fault fault) { return kNames[static_cast<size_t>(fault)]; }

bool IsLossy(Fault fault) {
  return fault == Fault::kAbortLeavingOrphans || fault == Fault::kRestartEmpty;
}

bool IsMisbehaviour(Fault fault) { return fault >= Fault::kDemoteDestination; }

FaultPlan FaultPlan::Everything(uint64_t seed, uint32_t faults_per_1000_commands,
                                uint32_t faults_max) {
  FaultPlan plan{
      .seed = seed, .faults_per_1000_commands = faults_per_1000_commands, .faults_max = faults_max};
  for (size_t index = 0; index < kFaultCount; ++index) {
    const Fault fault = static_cast<Fault>(index);
    plan.weights[index] = IsLossy(fault) || IsMisbehaviour(fault) ? 0 : 10;
  }
  plan.weight(Fault::kBeginMigration) = 40;
  plan.weight(Fault::kMigrateKeys) = 60;
  plan.weight(Fault::kFinishMigration) = 20;
  plan.weight(Fault::kBeginAtomicMigration) = 30;
  plan.weight(Fault::kFinishAtomicMigration) = 30;
  plan.weight(Fault::kGossip) = 40;
  plan.weight(Fault::kJoin) = 3;
  plan.weight(Fault::kLeave) = 3;
  return plan;
}

FaultPlan FaultPlan::EverythingAndMisbehaviour(uint64_t seed, uint32_t faults_per_1000_commands,
                                               uint32_t faults_max) {
  FaultPlan plan = Everything(seed, faults_per_1000_commands, faults_max);
  for (size_t index = 0; index < kFaultCount; ++index) {
    if (IsMisbehaviour(static_cast<Fault>(index))) plan.weights[index] = 12;
  }
  // What lasts ends soon enough for the rest to go on.
  for (Fault end : {Fault::kHearAgain, Fault::kHealPartition, Fault::kResume}) {
    plan.weight(end) = 30;
  }
  return plan;
}

}  // namespace mockcluster::inline v0
