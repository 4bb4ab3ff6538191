// The spare node of the nemesis's cluster: how it joins and leaves, and how a repair makes
// everybody agree on who belongs to the cluster.
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/status.h"
#include "tests/soak/nemesis_cluster.h"
#include "tests/soak/nemesis_line.h"

namespace atestore {
namespace {

constexpr absl::Duration kLearnLimit = absl::Seconds(6);

}  // namespace

absl::Status NemesisCluster::ApplyMembership(const NemesisStep& step) {
  std::lock_guard lock(membership_);
  if (step.fault == NemesisFault::kNodeJoins) {
    if (cluster_->is_member(spare_)) {
      if (absl::Status left = LetSpareLeave(); !left.ok()) return left;
    }
    return MeetSpare();
  }
  if (!cluster_->is_member(spare_)) {
    if (absl::Status joined = MeetSpare(); !joined.ok()) return joined;
  }
  return LetSpareLeave();
}

absl::Status NemesisCluster::LetSpareLeave() {
  absl::StatusOr<std::vector<Line>> members = Members();
  if (!members.ok()) return members.status();
  for (const Line& line : *members) {
    if (line.node == spare_ && !line.slots.empty()) {
      return FailedPreconditionError("the spare node owns slots");
    }
  }
  const std::string id = IdOf(spare_);
  if (absl::Status status = ResetSpare(); !status.ok()) return status;
  for (size_t node = 0; node < cluster_->size(); ++node) {
    if (node == spare_ || !cluster_->running(node)) continue;
    RunOk(node, {"CLUSTER", "FORGET", id}).IgnoreError();  // whoever does not hear it: Repair()
  }
  return absl::OkStatus();
}

// Refused while it holds keys, those of an open slot. It begins anew with another id: whoever has
// forgotten one does not want to hear of it for a minute.
absl::Status NemesisCluster::ResetSpare() {
  absl::Status status = RunOk(spare_, {"CLUSTER", "RESET", "HARD"});
  if (!status.ok()) return status;
  cluster_->SetMember(spare_, false);
  return LearnSpareId();
}

absl::Status NemesisCluster::LearnSpareId() {
  absl::Status status;
  Poll(kLearnLimit, [&] {
    absl::StatusOr<HiredisReply> id = Run(spare_, {"CLUSTER", "MYID"});
    status = id.status();
    if (!id.ok()) return false;
    cluster_->SetId(spare_, id->text);
    std::lock_guard lock(mutex_);
    ids_[spare_] = id->text;
    return true;
  });
  return status;
}

// OK when one of them has heard it.
absl::Status NemesisCluster::MeetSpare() {
  absl::Status status = UnavailableError("nobody hears of the spare node");
  for (size_t node = 0; node < cluster_->size(); ++node) {
    if (node == spare_ || !cluster_->running(node)) continue;
    if (RunOk(node, cluster_->MeetCommand(spare_)).ok()) status = absl::OkStatus();
  }
  if (status.ok()) cluster_->SetMember(spare_, true);
  return status;
}

absl::StatusOr<std::vector<NemesisCluster::Line>> NemesisCluster::ViewOf(size_t node) {
  absl::StatusOr<HiredisReply> reply = Run(node, {"CLUSTER", "NODES"});
  if (!reply.ok()) return reply.status();
  std::vector<Line> view;
  std::istringstream lines(reply->text);
  for (std::string text; std::getline(lines, text);) {
    if (std::optional<Line> line = Line::Parse(text)) view.push_back(*std::move(line));
  }
  return view;
}

// A node that hung while it was told to meet, to forget or to begin anew does so when it goes on,
// long after its caller has given up: nobody's memory of the faults says who belongs to the
// cluster.
absl::Status NemesisCluster::SettleSpare() {
  if (absl::Status status = LearnSpareId(); !status.ok()) return status;
  const std::string id = IdOf(spare_);
  absl::StatusOr<std::vector<Line>> own = ViewOf(spare_);
  if (!own.ok()) return own.status();
  bool owns_slots = false;
  size_t known = 0;
  for (size_t node = 0; node < cluster_->size(); ++node) {
    absl::StatusOr<std::vector<Line>> view = ViewOf(node);
    if (!view.ok()) return view.status();
    for (const Line& line : *view) {
      known += line.id == id;
      owns_slots |= line.id == id && !line.slots.empty();
    }
  }
  if (owns_slots) cluster_->SetMember(spare_, true);
  if (cluster_->is_member(spare_)) {
    // Redis answers pings of nodes that it does not know, and learns nothing from them.
    const bool knows_all = own->size() >= cluster_->size();
    return known == cluster_->size() && knows_all ? absl::OkStatus() : MeetSpare();
  }
  // It may hold keys: it stays until they have been brought home.
  if (own->size() > 1 && !ResetSpare().ok()) return MeetSpare();
  return absl::OkStatus();
}

// Gossip brings a node back to whoever has not banned it, so all of them forget it at once, as
// often as it takes. A handshake with a node that left has a name of its own until it ends.
absl::Status NemesisCluster::ForgetStrangers() {
  const bool spare_is_member = cluster_->is_member(spare_);
  std::map<std::string, std::string> strangers;  // and who knows them
  for (size_t node = 0; node < cluster_->size(); ++node) {
    if (node == spare_ && !spare_is_member) continue;
    absl::StatusOr<std::vector<Line>> view = ViewOf(node);
    if (!view.ok()) return view.status();
    for (const Line& line : *view) {
      const std::optional<size_t> number = NumberOf(line.id);
      const bool is_member = number && cluster_->is_member(*number);
      if (is_member || (line.is_handshake && spare_is_member)) continue;
      strangers.emplace(line.id, absl::StrCat("node ", node));
    }
  }
  if (strangers.empty()) return absl::OkStatus();
  for (const auto& [id, node] : strangers) {
    for (size_t other = 0; other < cluster_->size(); ++other) {
      if (other == spare_ && !spare_is_member) continue;
      RunOk(other, {"CLUSTER", "FORGET", id}).IgnoreError();  // "Unknown node" is what is wanted
    }
  }
  return UnavailableError("somebody knew a node that is not in the cluster");
}

}  // namespace atestore
