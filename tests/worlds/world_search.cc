#include "tests/worlds/world_search.h"

#include <algorithm>
#include <array>
#include <utility>

namespace atestore {
namespace {

struct NodePrint {
  uint64_t fingerprint = 0;
  std::string run_id;
  bool alive = false;

  bool SameProcess(const NodePrint& other) const {
    return alive == other.alive && run_id == other.run_id;
  }
};

std::array<NodePrint, kWorldNodes> NodesOf(const SmallWorld& world) {
  std::array<NodePrint, kWorldNodes> nodes;
  for (size_t node = 0; node < kWorldNodes; ++node) {
    const mockcluster::NodeInfo info =
        world.cluster().Node(static_cast<mockcluster::NodeIndex>(node));
    nodes[node] = {world.fingerprint(node), info.run_id, info.alive};
  }
  return nodes;
}

}  // namespace

// Plays a world's events where they belong, then looks what else could happen from there on.
class WorldSearch::Steps final : public StepObserver {
 public:
  Steps(WorldSearch& search, SmallWorld& world, const std::vector<PlacedEvent>& events)
      : search_(search), world_(world), events_(events) {}
  void SetListing(const WorldListing* listing) { listing_ = listing; }

  bool OnBoundary(const NextStep& next) override {
    if (listing_->is_repaired()) return true;
    const size_t at = boundaries_++;
    for (; done_ < events_.size() && events_[done_].at == at; ++done_) {
      if (!Play(events_[done_].event, done_ + 1 == events_.size())) return false;
    }
    return done_ < events_.size() || Explore(at, next);
  }
  size_t boundaries() const { return boundaries_; }

 private:
  bool Play(const Event& event, bool is_last) {
    const uint64_t before = world_.fingerprint();
    if (!is_last) return world_.Apply(event);
    const std::array<NodePrint, kWorldNodes> nodes = NodesOf(world_);
    const KeySet absent = world_.TakeAbsent();
    Effect effect{.happened = world_.Apply(event), .cluster = world_.fingerprint()};
    effect.absent = world_.absent();
    effect.loads = event.kind == EventKind::kReload;
    world_.AddAbsent(absent);
    const std::array<NodePrint, kWorldNodes> changed = NodesOf(world_);
    for (size_t node = 0; node < kWorldNodes; ++node) {
      const auto bit = static_cast<uint8_t>(1 << node);
      if (nodes[node].fingerprint != changed[node].fingerprint) effect.changed_nodes |= bit;
      if (!nodes[node].SameProcess(changed[node])) effect.ended_nodes |= bit;
    }
    search_.effects_.emplace(EffectKey(before, event), effect);
    effect_ = effect;
    search_.result_.cut_refused += !effect.happened;
    return effect.happened;
  }

  // False: this state was met before.
  bool Explore(size_t at, const NextStep& next) {
    Plan here{.events = {},
              .before = {.cluster = world_.fingerprint(),
                         .listing = listing_->fingerprint(),
                         .connections = listing_->connections(),
                         .absent = world_.absent()},
              .next = next};
    if (!search_.states_.insert(here.before.key()).second) {
      ++search_.result_.cut_known;
      return false;
    }
    if (!search_.IsLast(events_)) search_.PlanFrom(events_, at, here, world_);
    // Unseen by this command, the event may as well come behind it: only others that follow it here
    // can make a difference.
    const bool has_just_happened = !events_.empty() && events_.back().at == at;
    return !has_just_happened || IsSeen(effect_, here.next);
  }

  WorldSearch& search_;
  SmallWorld& world_;
  const std::vector<PlacedEvent>& events_;
  const WorldListing* listing_ = nullptr;
  size_t boundaries_ = 0;
  size_t done_ = 0;
  Effect effect_;  // of the last event
};

WorldSearch::WorldSearch(SearchOptions options)
    : options_(std::move(options)), origin_(options_.setup) {
  for (const Event& event : EventsOf(kWorldNodes, kWorldKeys)) {
    const auto& without = options_.without;
    if (std::find(without.begin(), without.end(), event.kind) == without.end()) {
      alphabet_.push_back(event);
    }
  }
}

uint64_t WorldSearch::EffectKey(uint64_t cluster, const Event& event) {
  History hash;
  hash.Add(cluster);
  hash.Add(event.id());
  return hash.value();
}

uint64_t WorldSearch::State::key() const {
  History hash;
  hash.Add(cluster);
  hash.Add(listing);
  hash.Add(connections * uint64_t{256} + absent);
  return hash.value();
}

WorldSearch::State WorldSearch::After(const State& before, const Effect& effect) {
  State after = before;
  after.cluster = effect.cluster;
  after.absent |= effect.absent;
  for (size_t node = 0; node < kWorldNodes; ++node) {
    const uint32_t is_open = 1u << 2 * node;
    if ((effect.ended_nodes >> node & 1) == 0 || (after.connections & is_open) == 0) continue;
    after.connections ^= is_open | is_open << 1;
  }
  return after;
}

void WorldSearch::PlanFrom(const std::vector<PlacedEvent>& events, size_t at, const Plan& here,
                           const SmallWorld& world) {
  auto [possible, fresh] = possible_.try_emplace(here.before.cluster);
  for (const Event& event : alphabet_) {
    if (fresh && world.MayHappen(event)) possible->second.push_back(event);
  }
  for (const Event& event : possible->second) {
    Plan plan = here;
    plan.events = events;
    plan.events.push_back({.at = static_cast<uint16_t>(at), .event = event});
    if (IsForetold(plan)) continue;
    if (next_level_.size() == kPlansMax) {
      result_.is_complete = false;
      return;
    }
    next_level_.push_back(std::move(plan));
  }
}

bool WorldSearch::IsForetold(const Plan& plan) {
  const auto known = effects_.find(EffectKey(plan.before.cluster, plan.events.back().event));
  if (known == effects_.end()) return false;
  const Effect& effect = known->second;
  if (!effect.happened) {
    ++result_.cut_refused;
    return true;
  }
  if (IsLast(plan.events) && !IsSeen(effect, plan.next)) {
    ++result_.cut_unseen;
    return true;
  }
  if (states_.contains(After(plan.before, effect).key())) {
    ++result_.cut_known;
    return true;
  }
  return false;
}

void WorldSearch::RunWorld(const std::vector<PlacedEvent>& events) {
  ++result_.worlds;
  SmallWorld world(origin_);
  Steps steps(*this, world, events);
  WorldListing listing(world, options_.planted, steps, topologies_);
  steps.SetListing(&listing);
  ListingEnd end = listing.Run();
  if (events.empty()) result_.boundaries = steps.boundaries();
  if (end.stopped) return;
  ++result_.completed;
  result_.broken += end.broken;
  if (end.violation) result_.violations.push_back({events, *std::move(end.violation)});
}

SearchResult WorldSearch::Run() {
  std::vector<Plan> level(1);
  for (bool goes_on = true; goes_on && !level.empty(); level = std::exchange(next_level_, {})) {
    for (const Plan& plan : level) {
      if (options_.is_over()) {
        result_.is_complete = false;
        goes_on = false;
      }
      if (!goes_on) break;
      if (!plan.events.empty() && IsForetold(plan)) continue;
      RunWorld(plan.events);
      goes_on = result_.violations.empty() || options_.keep_going;
    }
  }
  result_.states = states_.size();
  return std::move(result_);
}

namespace {

class Narrator final : public StepObserver {
 public:
  Narrator(SmallWorld& world, const std::vector<PlacedEvent>& events, std::ostream& out)
      : world_(world), events_(events), out_(out) {
    world_.cluster().SetBetweenCommands([this](const mockcluster::NextCommand& next) {
      if (!next_) return;
      out_ << "  " << at_ << " n" << static_cast<size_t>(next.node);
      for (std::string_view word : next.arguments) out_ << ' ' << word.substr(0, 40);
      out_ << '\n';
      next_.reset();
    });
  }
  ~Narrator() override { world_.cluster().SetBetweenCommands({}); }

  bool OnBoundary(const NextStep& next) override {
    at_ = boundaries_++;
    for (; done_ < events_.size() && events_[done_].at == at_; ++done_) {
      const bool happened = world_.Apply(events_[done_].event);
      out_ << "* " << ToString(events_[done_].event) << (happened ? "" : " (refused)") << '\n';
    }
    if (!next.node) out_ << "  " << at_ << " time passes\n";
    next_ = next.node;
    return true;
  }

 private:
  SmallWorld& world_;
  const std::vector<PlacedEvent>& events_;
  std::ostream& out_;
  std::optional<mockcluster::NodeIndex> next_;
  size_t at_ = 0;
  size_t boundaries_ = 0;
  size_t done_ = 0;
};

}  // namespace

ListingEnd ReplayWorld(const WorldSetup& setup, const Planted& planted,
                       const std::vector<PlacedEvent>& events, std::ostream& out) {
  WorldOrigin origin(setup);
  TopologyCache topologies;
  SmallWorld world(origin);
  Narrator narrator(world, events, out);
  WorldListing listing(world, planted, narrator, topologies);
  ListingEnd end = listing.Run();
  for (const std::string& line : world.cluster().event_log()) out << "log: " << line << '\n';
  for (const std::string& key : listing.listed()) out << "listed: " << key << '\n';
  out << (end.violation ? "VIOLATION: " + *end.violation : "no violation") << '\n';
  return end;
}

}  // namespace atestore
