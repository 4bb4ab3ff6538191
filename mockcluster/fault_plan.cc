#include "mockcluster/fault_plan.h"

namespace mockcluster {
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
};

}  // namespace

std::string_view FaultName(Fault fault) { return kNames[static_cast<size_t>(fault)]; }

bool IsLossy(Fault fault) {
  return fault == Fault::kAbortLeavingOrphans || fault == Fault::kRestartEmpty;
}

FaultPlan FaultPlan::Everything(uint64_t seed, uint32_t faults_per_1000_commands,
                                uint32_t faults_max) {
  FaultPlan plan{
      .seed = seed, .faults_per_1000_commands = faults_per_1000_commands, .faults_max = faults_max};
  for (size_t index = 0; index < kFaultCount; ++index) {
    plan.weights[index] = IsLossy(static_cast<Fault>(index)) ? 0 : 10;
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

}  // namespace mockcluster
