#include "tests/property/listing_world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/cluster_members.h"
#include "core/page_token.h"
#include "core/server_error.h"
#include "core/status.h"
#include "store/cluster/execute_at.h"

namespace atestore {
namespace {

uint64_t HashTo3Bits(std::string_view name) { return HashKey(name) % 8; }
uint64_t HashToNothing(std::string_view) { return 7; }

// One for each slot.
const std::string& TagOfSlot(size_t slot) {
  static const auto* const tags = [] {
    auto* found = new std::vector<std::string>(kSlotCount);
    size_t missing = kSlotCount;
    for (size_t number = 0; missing > 0; ++number) {
      std::string tag = absl::StrCat(number);
      std::string& place = (*found)[KeySlot(tag)];
      if (!place.empty()) continue;
      place = std::move(tag);
      --missing;
    }
    return found;
  }();
  return tags->at(slot);
}

mockcluster::ClusterOptions ClusterOptionsOf(const ListingCase& options) {
  return {.primaries = options.primaries,
          .replicas_per_primary = options.replicas,
          .flavor = options.flavor,
          .seed = options.seed,
          .gossip = options.stale_views ? mockcluster::GossipMode::kManual
                                        : mockcluster::GossipMode::kImmediate};
}

std::string Tell(mockcluster::Cluster& cluster, const mockcluster::NodeInfo& node,
                 std::string_view line) {
  std::string replies;
  absl::StatusOr<mockcluster::ClientId> client = cluster.Connect(node.endpoint);
  if (!client.ok()) return replies;
  cluster.Feed(*client, line, &replies);
  cluster.Disconnect(*client);
  return replies;
}

// Redis 7.0 loses the mark of a destination that hands over, and its source goes on naming the node
// that is a replica now: sets both marks again.
void MarkAnew(mockcluster::Cluster& cluster) {
  const std::vector<mockcluster::NodeInfo> nodes = cluster.Nodes();
  for (const mockcluster::NodeInfo& source : nodes) {
    if (!source.alive || !source.member || source.primary) continue;
    const std::string view = Tell(cluster, source, "CLUSTER NODES\r\n");
    for (const mockcluster::NodeInfo& demoted : nodes) {
      if (!demoted.primary) continue;
      const std::string mark = "->-" + demoted.id + "]";
      const mockcluster::NodeInfo& heir = nodes[static_cast<size_t>(*demoted.primary)];
      for (size_t end = view.find(mark); end != std::string::npos; end = view.find(mark, end + 1)) {
        const size_t begin = view.rfind('[', end) + 1;
        const std::string setslot = "CLUSTER SETSLOT " + view.substr(begin, end - begin);
        Tell(cluster, heir, setslot + " IMPORTING " + source.id + "\r\n");
        Tell(cluster, source, setslot + " MIGRATING " + heir.id + "\r\n");
      }
    }
  }
}

}  // namespace

KeyHash ListingWorld::HashOfBits(int bits) {
  return bits == 0 ? HashToNothing : bits == 3 ? HashTo3Bits : HashKey;
}

std::string ListingWorld::ValueOf(uint64_t version) {
  return absl::StrCat("{\"version\":\"", version, "\"}");
}

ListingWorld::ListingWorld(const ListingCase& options)
    : options_(options),
      filter_(options.atespace.empty() ? KeyFilter::AllActors()
                                       : KeyFilter::ActorsOf(options.atespace)),
      random_(options.seed ^ 0xA5A5),
      cluster_(std::make_shared<EmbeddedCluster>(ClusterOptionsOf(options))),
      transport_(std::make_unique<EmbeddedTransport>(cluster_)),
      churn_transport_(std::make_unique<EmbeddedTransport>(cluster_)),
      // Prefixes of each other, and a name that is a glob.
      spaces_({"a", "a-b", "ab", "b", "a*"}) {
  Populate();
  if (options_.misbehaviour) {
    // Its keys lie in the same slots, so that whoever takes it for ours lists them.
    neighbour_ = std::make_unique<mockcluster::Cluster>(
        mockcluster::ClusterOptions{.primaries = options_.primaries,
                                    .flavor = options_.flavor,
                                    .seed = options_.seed + 1,
                                    .base_port = 17000});
    for (const std::string& key : base_) {
      EXPECT_TRUE(neighbour_->Put(key + "-abroad", ValueOf(0)).ok());
    }
  }
  // A process that has never heard of the cluster cannot tell it from another one that took over an
  // address, so this one has.
  FindTopology();
  StartFaults();
}

void ListingWorld::StartFaults() {
  const bool by_chance = options_.schedule.empty();
  if (by_chance && options_.faults_per_1000_commands == 0) return;
  cluster_->With([&](mockcluster::Cluster& cluster) {
    cluster.SetNeighbour(neighbour_.get());
    if (by_chance) {
      auto plan = options_.misbehaviour ? mockcluster::FaultPlan::EverythingAndMisbehaviour
                                        : mockcluster::FaultPlan::Everything;
      mockcluster::FaultPlan faults =
          plan(options_.seed, options_.faults_per_1000_commands, options_.faults_max);
      for (size_t fault = 0; fault < mockcluster::kFaultCount; ++fault) {
        if ((options_.faults_without >> fault & 1) != 0) faults.weights[fault] = 0;
      }
      cluster.SetFaultPlan(faults);
    }
    cluster.SetBetweenCommands([this, &cluster](const mockcluster::NextCommand& command) {
      FollowSchedule(cluster, command.client);
      // A key that is absent for a moment need not be listed, though it comes back.
      if (events_seen_ != cluster.event_log().size()) NoteAbsent(cluster);
    });
  });
}

void ListingWorld::FollowSchedule(mockcluster::Cluster& cluster, mockcluster::ClientId client) {
  ++commands_since_fault_;
  while (schedule_next_ < options_.schedule.size()) {
    const PlannedFault& next = options_.schedule[schedule_next_];
    if (next.after_commands >= commands_since_fault_) return;
    ++schedule_next_;
    commands_since_fault_ = 1;
    faults_done_ += cluster.InjectFault(next.fault, client).ok();
  }
}

ListingWorld::~ListingWorld() {
  reader_.reset();
  transport_.reset();
  churn_transport_.reset();
  cluster_->With([](mockcluster::Cluster& cluster) {
    cluster.SetBetweenCommands({});
    cluster.SetNeighbour(nullptr);
  });
}

bool ListingWorld::IsListed(const std::string& key) const {
  const Slot slot = KeySlot(key);
  return filter_.Matches(key) && options_.first_slot <= slot && slot < options_.end_slot;
}

std::string ListingWorld::TagOfSlice(size_t choices) {
  const size_t width = options_.end_slot - options_.first_slot;
  // The same slots at each call, as far from each other as there is room.
  const size_t step = std::max<size_t>(width / choices, 1);
  const size_t choice = random_.Below(std::min(choices, width));
  return TagOfSlot(options_.first_slot + choice * step);
}

std::string ListingWorld::ActorName(size_t index) {
  const std::string& space = spaces_[random_.Below(spaces_.size())];
  const bool of_slice = options_.end_slot - options_.first_slot < kSlotCount;
  if (of_slice && random_.Below(16) != 0) {
    size_t choices = options_.spread == Spread::kFewSlots ? 12 : kSlotCount;
    if (options_.spread == Spread::kLargeSlot && random_.Below(10) != 0) choices = 1;
    return ActorKey(space, absl::StrCat("{", TagOfSlice(choices), "}-", index));
  }
  switch (options_.spread) {
    case Spread::kUniform:
      return ActorKey(space, absl::StrCat("id-", index));
    case Spread::kFewSlots:
      return ActorKey(space, absl::StrCat("{t", random_.Below(12), "}-", index));
    case Spread::kLargeSlot:
      return ActorKey(space, random_.Below(10) == 0 ? absl::StrCat("id-", index)
                                                    : absl::StrCat("{huge}-", index));
  }
  return {};
}

void ListingWorld::Populate() {
  for (size_t index = 0; index < options_.actors; ++index) {
    std::string key = ActorName(index);
    Put(key, ValueOf(++version_));
    base_.push_back(key);
    if (IsListed(key)) survivors_.insert(key);
  }
  for (size_t index = 0; index < options_.foreign_keys; ++index) {
    Put(absl::StrCat(random_.Below(2) == 0 ? "other:" : "actor:", "{t", random_.Below(12), "}",
                     index),
        "foreign");
  }
  for (size_t index = 0; index < options_.taken_probes && !base_.empty(); ++index) {
    const Slot slot = KeySlot(base_[random_.Below(base_.size())]);
    Put(filter_.ProbeKey(slot, static_cast<int>(index % 2)), "foreign");
  }
  for (size_t index = 0; index < options_.poison_records; ++index) {
    PutUnreadable(ActorName(1'000'000 + index), "!");
  }
  for (size_t index = 0; index < options_.large_records; ++index) {
    PutUnreadable(ActorName(3'000'000 + index), std::string(options_.page_bytes + 1, 'L'));
  }
  for (size_t index = 0; index < options_.dropped_records; ++index) {
    PutUnreadable(ActorName(4'000'000 + index), std::string(RespLimits{}.bulk_bytes_max + 1, 'D'));
  }
}

void ListingWorld::PutUnreadable(const std::string& key, const std::string& value) {
  Put(key, value);
  if (!IsListed(key)) return;
  poison_.insert(key);
  // Whether a value can be read is not known where none is.
  if (options_.keys_only) survivors_.insert(key);
}

void ListingWorld::Put(const std::string& key, const std::string& value) {
  cluster_->With([&](mockcluster::Cluster& cluster) { ASSERT_TRUE(cluster.Put(key, value).ok()); });
  possible_[key] = {value};
  ever_[key].insert(value);
}

void ListingWorld::RestSometimes() {
  if (random_.Below(2) == 0) Rest();
}

std::shared_ptr<const Topology> ListingWorld::FindTopology() {
  std::vector<Endpoint> nodes = cluster_->Endpoints();
  auto best = std::make_shared<const Topology>();
  size_t offset = random_.Below(std::max<size_t>(nodes.size(), 1));
  for (size_t index = 0; index < nodes.size(); ++index) {
    const Endpoint& node = nodes[(index + offset) % nodes.size()];
    ShardRequest request{.endpoint = node};
    request.pipeline.Add({"CLUSTER", "SLOTS"});
    request.pipeline.Add({"CLUSTER", "NODES"});
    absl::StatusOr<std::vector<Reply>> replies = Ask(request);
    if (!replies.ok() || replies->at(0).view().is_error()) continue;
    absl::StatusOr<Topology> view = Topology::FromClusterSlots(replies->at(0).view(), node);
    absl::StatusOr<ClusterMembers> members =
        ClusterMembers::FromClusterNodes(replies->at(1).view().text(), node);
    if (view.ok() && known_ && !known_->MayBeSameCluster(*view)) continue;
    if (view.ok() && members.ok()) view->SetMembers(members->nodes);
    if (view.ok() && view->covered_slots() > best->covered_slots()) {
      best = std::make_shared<const Topology>(*std::move(view));
    }
    if (best->covered_slots() == kSlotCount) break;
  }
  // An old view is better than none, as in WalkRun.
  if (best->covered_slots() > 0 || known_ == nullptr) known_ = best;
  return known_;
}

absl::StatusOr<std::vector<Reply>> ListingWorld::Ask(const ShardRequest& request) {
  return ExecuteAt(*churn_transport_, request, absl::InfiniteFuture());
}

void ListingWorld::Rest(int64_t duration_ms) {
  cluster_->With([&](mockcluster::Cluster& cluster) {
    cluster.AdvanceTime(duration_ms);
    cluster.Settle();
  });
}

std::shared_ptr<TruthWindow> ListingWorld::OpenWindow() {
  auto window = std::make_shared<TruthWindow>();
  window->values = possible_;
  window->log_begin =
      cluster_->With([](mockcluster::Cluster& cluster) { return cluster.event_log().size(); });
  windows_.push_back(window);
  return window;
}

void ListingWorld::CloseWindow(const std::shared_ptr<TruthWindow>& window) {
  std::erase(windows_, window);
}

void ListingWorld::NoteDuringPages(const std::string& key, const std::set<std::string>& values) {
  for (const std::shared_ptr<TruthWindow>& window : windows_) {
    window->values[key].insert(values.begin(), values.end());
  }
}

bool ListingWorld::WasEverGiven(const std::string& key, const std::string& value) const {
  auto given = ever_.find(key);
  return given != ever_.end() && given->second.contains(value);
}

const std::set<std::string>& ListingWorld::ValuesOf(const std::string& key) const {
  static const auto* const none = new std::set<std::string>();
  auto given = ever_.find(key);
  return given != ever_.end() ? given->second : *none;
}

bool ListingWorld::MayBeOfFormerOwner(const std::string& key, const std::string& value,
                                      const TruthWindow& window) const {
  // Where news travel at once the source has heard.
  if (!options_.stale_views || !WasEverGiven(key, value)) return false;
  const std::string takeover = absl::StrCat("finish-atomic-migration slot ", KeySlot(key), " ");
  return cluster_->With([&](mockcluster::Cluster& cluster) {
    bool unheard = false;
    const std::vector<std::string>& log = cluster.event_log();
    for (size_t line = 0; line < log.size(); ++line) {
      if (log[line].find(takeover) != std::string::npos) {
        unheard = true;
      } else if (line < window.log_begin && log[line].ends_with(" settle")) {
        unheard = false;
      }
    }
    return unheard;
  });
}

bool ListingWorld::MayHaveComeBack(const std::string& key, const std::string& value) const {
  if (!WasEverGiven(key, value)) return false;
  const std::string slot = absl::StrCat("migration slot ", KeySlot(key), " ");
  return cluster_->With([&](mockcluster::Cluster& cluster) {
    bool copies = false;
    bool begun = false;
    for (const std::string& line : cluster.event_log()) {
      if (begun && line.find(" reload ") != std::string::npos) return true;
      if (line.find(slot) == std::string::npos) continue;
      if (line.find("leaving copies") != std::string::npos) {
        copies = true;
      } else if (line.find(" begin-") != std::string::npos) {
        if (copies) return true;
        begun = true;
      }
    }
    return false;
  });
}

size_t ListingWorld::MostKeysOf(Slot slot) const {
  return static_cast<size_t>(std::count_if(possible_.begin(), possible_.end(), [&](auto& entry) {
    return KeySlot(entry.first) == slot;
  }));
}

bool ListingWorld::ExecuteAnywhere(const std::vector<std::string_view>& command) {
  constexpr int kTries = 50;
  Endpoint target = cluster_->Endpoints().at(0);
  bool asking = false;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    ShardRequest request{.endpoint = target};
    if (asking) request.pipeline.Add({"ASKING"});
    request.pipeline.Add(command);
    absl::StatusOr<std::vector<Reply>> replies = Ask(request);
    if (!replies.ok()) return false;
    ReplyView reply = replies->back().view();
    if (!reply.is_error()) return true;
    ServerError error = ParseServerError(reply.text(), target);
    asking = error.kind == ServerErrorKind::kAsk;
    if (asking || error.kind == ServerErrorKind::kMoved) {
      target = error.endpoint;
    } else {
      Rest();
      std::vector<Endpoint> nodes = cluster_->Endpoints();
      target = nodes[random_.Below(nodes.size())];
    }
  }
  return false;
}

void ListingWorld::Write(const std::string& key, const std::string& value) {
  bool known = ExecuteAnywhere({"SET", key, value});
  std::set<std::string>& now = possible_[key];
  if (now.empty()) now.insert("");
  NoteDuringPages(key, now);
  if (known) now.clear();
  now.insert(value);
  NoteDuringPages(key, {value});
  ever_[key].insert(value);
}

void ListingWorld::Delete(const std::string& key) {
  bool known = ExecuteAnywhere({"DEL", key});
  std::set<std::string>& now = possible_[key];
  if (known) now.clear();
  now.insert("");
  NoteDuringPages(key, {""});
}

void ListingWorld::Churn() {
  for (uint32_t change = 0; change < options_.churn_per_page; ++change) {
    switch (random_.Below(3)) {
      case 0: {
        std::string key = ActorName(2'000'000 + random_.Below(1'000'000));
        Write(key, ValueOf(++version_));
        extra_.push_back(key);
        break;
      }
      case 1:
        if (!base_.empty()) Write(base_[random_.Below(base_.size())], ValueOf(++version_));
        break;
      default:
        if (extra_.empty()) break;
        std::swap(extra_[random_.Below(extra_.size())], extra_.back());
        Delete(extra_.back());
        extra_.pop_back();
    }
  }
}

void ListingWorld::EndFaults() {
  cluster_->With([&](mockcluster::Cluster& cluster) {
    faults_done_ += cluster.faults_done();
    cluster.ClearFaultPlan();
    cluster.EndMisbehaviour();
    schedule_next_ = options_.schedule.size();
  });
  Rest();
  cluster_->With([this](mockcluster::Cluster& cluster) { NoteAbsent(cluster); });
}

void ListingWorld::Repair() {
  cluster_->With([](mockcluster::Cluster& cluster) {
    MarkAnew(cluster);
    for (Slot slot : cluster.OpenSlots()) static_cast<void>(cluster.FinishMigration(slot));
    for (Slot slot : cluster.ImportingSlots()) {
      static_cast<void>(cluster.AbortAtomicMigration(slot));
    }
  });
  for (const Endpoint& node : cluster_->Endpoints()) {
    ShardRequest question{.endpoint = node};
    question.pipeline.Add({"CLUSTER", "NODES"});
    absl::StatusOr<std::vector<Reply>> replies = Ask(question);
    if (!replies.ok()) continue;
    absl::StatusOr<NodeView> view = NodeView::FromClusterNodes(replies->at(0).view().text());
    if (!view.ok()) continue;
    const SlotSet marked = view->migrating | view->importing;
    ShardRequest repair{.endpoint = node};
    for (size_t slot = 0; slot < kSlotCount; ++slot) {
      if (!marked[slot]) continue;
      repair.pipeline.Add({"CLUSTER", "SETSLOT", absl::StrCat(slot), "STABLE"});
    }
    Ask(repair).IgnoreError();
  }
  Rest(cluster_->With([](auto& cluster) { return cluster.options().rejoin_delay_ms; }));
  cluster_->With([this](mockcluster::Cluster& cluster) { NoteAbsent(cluster); });
}

bool ListingWorld::IsHealthy() {
  for (const Endpoint& node : cluster_->Endpoints()) {
    ShardRequest request{.endpoint = node};
    request.pipeline.Add({"CLUSTER", "INFO"});
    absl::StatusOr<std::vector<Reply>> replies = Ask(request);
    if (!replies.ok()) return false;
    std::string_view info = replies->at(0).view().text();
    if (info.find("cluster_state:ok") == std::string_view::npos) return false;
  }
  return true;
}

// Some sequences of harmless events lose keys on real servers too: say, a node that imports a slot
// loses its last own slot, turns replica and drops what it imported.
void ListingWorld::NoteAbsent(mockcluster::Cluster& cluster) {
  events_seen_ = cluster.event_log().size();
  std::erase_if(survivors_, [&cluster](const std::string& key) {
    return cluster.StateOf(key).truth == mockcluster::KeyTruth::kAbsent;
  });
}

}  // namespace atestore
