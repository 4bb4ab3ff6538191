#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tests/soak/key_history.h"
#include "tests/soak/nemesis_schedule.h"
#include "tests/support/hiredis_client.h"
#include "tests/support/real_cluster.h"

namespace atestore {

// A cluster for the nemesis: three primaries with a replica each, a spare node that joins and
// leaves, the bus behind a relay. Each fault is applied to whatever the cluster is at that moment.
// Faults may run at the same time in several threads; Start() and Repair() alone.
class NemesisCluster {
 public:
  // Told of keys that clients may have missed for a moment: those that an aborted migration brings
  // back. Called from any thread.
  using OnHidden = std::function<void(const std::vector<std::string>& keys, Interval when)>;

  // `slots`: those that migrations are about.
  static absl::StatusOr<std::unique_ptr<NemesisCluster>> Start(ServerKind kind,
                                                               std::vector<uint16_t> slots,
                                                               OnHidden on_hidden);

  ServerKind kind() const { return cluster_->options().kind; }
  RealCluster& servers() { return *cluster_; }
  std::vector<uint16_t> ports() const;

  // Applies the fault, waits for its duration, and undoes it. OK when it happened; an error says
  // why it could not, for several seconds: the others prevented it, or the cluster is not settled.
  absl::Status Apply(const NemesisStep& step);

  // Undoes all that is left and waits until the cluster is settled: every process runs with its
  // first configuration, every slot has one owner that holds all of its keys, no slot is open.
  absl::Status Repair();
  // Why attempts of it failed so far, and how often.
  const std::map<std::string, size_t>& failed_repairs() const { return repairs_; }
  // What was done to slots and their keys since it was last asked, a line each, with the time.
  std::vector<std::string> TakeTrace();

 private:
  using Command = HiredisClient::Command;
  struct Line;
  struct OpenSlot {
    uint16_t slot = 0;
    std::string from;  // ids
    std::string to;
  };

  NemesisCluster(std::unique_ptr<RealCluster> cluster, std::vector<uint16_t> slots,
                 OnHidden on_hidden)
      : cluster_(std::move(cluster)), slots_(std::move(slots)), on_hidden_(std::move(on_hidden)) {}

  // One command on a connection of its own; an error reply is an error.
  absl::StatusOr<HiredisReply> Run(size_t node, const Command& command);
  absl::Status RunOk(size_t node, const Command& command);
  absl::Status RunOnAll(const Command& command);
  absl::Status Configure(const std::string& name, const std::string& value);

  // The members as somebody sees them, those that own slots first.
  absl::StatusOr<std::vector<Line>> Members();
  absl::StatusOr<size_t> AnyPrimary(uint32_t draw);
  absl::StatusOr<size_t> AnyReplicaOf(const std::string& primary_id);
  std::optional<size_t> NumberOf(const std::string& id) const;
  std::string IdOf(size_t node) const;

  void Trace(const std::string& what);
  absl::Status ApplyOnce(const NemesisStep& step);
  absl::Status ApplyToProcess(const NemesisStep& step, const std::function<void()>& wait);
  absl::Status ApplyToBus(const NemesisStep& step, const std::function<void()>& wait);
  absl::Status ApplyFailover(const NemesisStep& step, const std::function<void()>& wait);
  absl::Status ApplyMigration(const NemesisStep& step);
  absl::Status ApplyAtomicMigration(const NemesisStep& step);
  absl::Status ApplyConfiguration(const NemesisStep& step, const std::function<void()>& wait);
  absl::Status ApplyToConnections(const NemesisStep& step, const std::function<void()>& wait);
  // False: it is that way already, or changes just now.
  bool BeginSetting(NemesisFault fault);
  void EndSetting(NemesisFault fault);
  absl::Status ApplyMembership(const NemesisStep& step);
  absl::Status FailOver(size_t replica, const std::string& option);
  void Isolate(size_t node, bool cut);
  absl::Status LetSpareLeave();
  absl::Status ResetSpare();
  absl::Status LearnSpareId();
  absl::Status MeetSpare();
  // Every line of CLUSTER NODES, `Line::node` unset.
  absl::StatusOr<std::vector<Line>> ViewOf(size_t node);
  // Finds out whether the spare node belongs to the cluster, and makes it so.
  absl::Status SettleSpare();
  // UNAVAILABLE while somebody knew a node that does not belong to the cluster.
  absl::Status ForgetStrangers();

  // Two migrations of one slot at a time, or one after another that has failed in the middle, hide
  // keys of which nobody is told. So each begins with a claim, and Release() is for those that came
  // to their end; what the others have begun is left to Repair(). UNAVAILABLE: claimed already.
  absl::Status Claim(uint16_t slot);
  void Release(uint16_t slot);
  // Half of the keys moved.
  absl::StatusOr<OpenSlot> Open(uint32_t first, uint32_t second);
  absl::StatusOr<OpenSlot> PlanToOpen(uint16_t slot, uint32_t second);
  absl::Status OpenPlanned(const OpenSlot& open);
  // One that is open, else a new one.
  absl::StatusOr<OpenSlot> SomeOpenSlot(const NemesisStep& step);
  // The same, with an end that is not the spare node, which has no replica.
  absl::StatusOr<OpenSlot> OpenSlotWithReplica(const NemesisStep& step, bool of_source);
  // The same, claimed and no longer open for others.
  absl::StatusOr<OpenSlot> TakeOpenSlot(const NemesisStep& step);
  absl::Status Finish(const OpenSlot& open);
  absl::Status Abort(const OpenSlot& open);
  absl::StatusOr<std::vector<std::string>> KeysIn(size_t node, uint16_t slot);
  absl::Status MoveKeys(size_t from, size_t to, const std::vector<std::string>& keys, bool asking);
  absl::Status MoveEach(size_t from, size_t to, const std::vector<std::string>& keys, bool asking);
  absl::Status MoveSlot(uint16_t slot, size_t from, size_t to);
  absl::Status ResumeAll();
  // `begin`: of all attempts.
  absl::Status RepairOnce(absl::Time begin);
  void GiveSlotsOwners();
  absl::Status CloseAllSlots(absl::Time begin);
  absl::Status SpreadReplicas();
  absl::Status BringKeysHome(uint16_t slot, size_t owner, const std::vector<size_t>& primaries,
                             absl::Time begin);

  std::unique_ptr<RealCluster> cluster_;
  const std::vector<uint16_t> slots_;
  const OnHidden on_hidden_;
  size_t spare_ = 0;
  std::map<std::string, size_t> repairs_;
  bool connections_anew_ = false;  // since this repair began

  std::atomic<int> bus_faults_ = 0;  // that last

  std::mutex processes_;      // starting and ending them
  std::mutex membership_;     // of the spare node
  mutable std::mutex mutex_;  // what follows
  std::vector<std::string> ids_;
  std::set<size_t> busy_nodes_;
  std::set<NemesisFault> busy_settings_;
  std::set<uint16_t> busy_slots_;
  std::vector<OpenSlot> open_;
  std::vector<std::string> trace_;
};

}  // namespace atestore
