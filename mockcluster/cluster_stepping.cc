#include <algorithm>
#include <bit>
#include <bitset>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "mockcluster/cluster.h"
#include "mockcluster/commands/command_table.h"
#include "mockcluster/keyspace/hash.h"
#include "mockcluster/keyspace/single.h"
#include "mockcluster/node/cluster_state.h"
#include "mockcluster/node/gossip.h"

// What a search through all states of a cluster needs: news one node at a time, and states that can
// be told from each other.
namespace mockcluster::inline v0 {
namespace {

// Turns values into one number that depends on them and on their order.
class StateHash {
 public:
  void Add(uint64_t value) {
    state_ = (std::rotl(state_, 23) ^ value) * 0x9E3779B97F4A7C15u;
    state_ ^= state_ >> 29;
  }
  void Add(std::string_view text) { Add(HashKey(text, 0)); }
  void Add(const std::optional<NodeIndex>& node) { Add(node ? Position(*node) + 1 : 0); }
  void Add(const std::map<Slot, NodeIndex>& nodes) {
    Add(nodes.size());
    for (const auto& [slot, node] : nodes) Add(slot * uint64_t{0x10000} + Position(node));
  }
  uint64_t value() const { return state_; }

 private:
  uint64_t state_ = 0x243F6A8885A308D3u;
};

size_t SetslotIndex() {
  const std::vector<Command>& commands = AllCommands();
  return static_cast<size_t>(
      std::find_if(commands.begin(), commands.end(),
                   [](const Command& command) { return command.name == "cluster|setslot"; }) -
      commands.begin());
}

// Independent of the order of the keys in their tables.
uint64_t HashOfData(Keyspace& keyspace) {
  uint64_t sum = 0;
  keyspace.ForEach(Keyspace::Hidden::kInclude, [&](const Entry& entry) {
    StateHash hash;
    hash.Add(entry.key());
    hash.Add(entry.value);
    hash.Add(static_cast<uint64_t>(entry.type) * 2 + keyspace.IsSlotHidden(entry.slot()));
    sum += hash.value();
  });
  return sum;
}

void AddView(const ClusterView& view, StateHash& hash) {
  for (const PeerView& peer : view.peers) {
    hash.Add(peer.known + 2 * peer.forgotten + 4 * peer.failed);
    hash.Add(peer.primary);
    hash.Add(peer.config_epoch);
  }
  for (const SlotRun& run : view.owners.Runs()) {
    hash.Add(run.first);
    hash.Add(run.owner);
  }
  if (view.unclaimed.any()) {
    hash.Add(std::hash<std::bitset<atestore::kSlotCount>>()(view.unclaimed));
  }
  hash.Add(view.migrating_to);
  hash.Add(view.importing_from);
  hash.Add(view.current_epoch);
}

void AddProcess(const ClusterState& state, const Process& process, StateHash& hash) {
  static const size_t setslot = SetslotIndex();
  hash.Add(process.run_id);
  hash.Add(static_cast<uint64_t>(std::max<int64_t>(0, process.loading_until_ms - state.now_ms)));
  hash.Add(static_cast<uint64_t>(std::max<int64_t>(0, process.down_until_ms - state.now_ms)));
  hash.Add(static_cast<uint64_t>(std::max<int64_t>(0, process.busy_until_ms - state.now_ms)));
  const ClientPause& pause = process.client_pause;
  const int64_t paused_ms = std::max<int64_t>(0, pause.until_ms - state.now_ms);
  hash.Add(static_cast<uint64_t>(paused_ms));
  hash.Add(paused_ms > 0 && pause.everything);
  const std::optional<int64_t> handover = process.hands_over_until_ms;
  hash.Add(handover ? static_cast<uint64_t>(1 + std::max<int64_t>(0, *handover - state.now_ms))
                    : 0);
  hash.Add(process.was_answered);
  hash.Add(setslot < process.counters.size() ? process.counters[setslot].calls : 0);
  hash.Add(dynamic_cast<const SingleTableKeyspace*>(process.keyspace.get()) != nullptr);
  hash.Add(HashOfData(*process.keyspace));
  if (process.on_disk != nullptr) hash.Add(HashOfData(*process.on_disk));
}

// The bindings of the next three name every member, so that one which is added later is not
// forgotten: the compiler counts them.
std::unique_ptr<Process> CloneOf(const Process& process) {
  const auto& [serial, run_id, started_at_ms, loading_until_ms, down_until_ms, busy_until_ms,
               client_pause, hands_over_until_ms, hands_over_to, was_answered, hash_seed, keyspace,
               on_disk, counters, watchers, commands, calls, connections, connections_rejected] =
      process;
  auto clone = std::make_unique<Process>();
  clone->serial = serial;
  clone->run_id = run_id;
  clone->started_at_ms = started_at_ms;
  clone->loading_until_ms = loading_until_ms;
  clone->down_until_ms = down_until_ms;
  clone->busy_until_ms = busy_until_ms;
  clone->client_pause = client_pause;
  clone->hands_over_until_ms = hands_over_until_ms;
  clone->hands_over_to = hands_over_to;
  clone->was_answered = was_answered;
  clone->hash_seed = hash_seed;
  clone->keyspace = keyspace->Clone(hash_seed);
  if (on_disk != nullptr) clone->on_disk = on_disk->Clone(hash_seed);
  clone->counters = counters;
  clone->watchers = watchers;
  clone->commands = commands;
  clone->calls = calls;
  clone->connections = connections;
  clone->connections_rejected = connections_rejected;
  return clone;
}

std::unique_ptr<Node> CloneOf(const Node& node) {
  const auto& [index, flavor, id, endpoint, member, isolated, deaf, hung, out_of_touch_since_ms,
               reply_delay_ms, settings, view, state_ok, process, last_run_id, saved, at_death,
               link, replicas, exporting, hidden_imports] = node;
  auto clone = std::make_unique<Node>(index, flavor);
  clone->id = id;
  clone->endpoint = endpoint;
  clone->member = member;
  clone->isolated = isolated;
  clone->deaf = deaf;
  clone->hung = hung;
  clone->out_of_touch_since_ms = out_of_touch_since_ms;
  clone->reply_delay_ms = reply_delay_ms;
  clone->settings = settings;
  clone->view = view;
  clone->state_ok = state_ok;
  if (process != nullptr) clone->process = CloneOf(*process);
  clone->last_run_id = last_run_id;
  if (saved != nullptr) clone->saved = saved->Clone(0);
  if (at_death != nullptr) clone->at_death = at_death->Clone(0);
  clone->link = link;
  clone->replicas = replicas;
  clone->exporting = exporting;
  clone->hidden_imports = hidden_imports;
  return clone;
}

std::unique_ptr<ClusterState> CloneOf(const ClusterState& state) {
  const auto& [options, random, now_ms, expiries, gossip_due_ms, nodes, clients, next_client,
               next_process_serial, next_port, neighbour, log, hook, faults, between_commands] =
      state;
  auto clone = std::make_unique<ClusterState>(options);
  clone->random = random;
  clone->now_ms = now_ms;
  clone->expiries = expiries;
  clone->gossip_due_ms = gossip_due_ms;
  for (const auto& node : nodes) clone->nodes.push_back(CloneOf(*node));
  clone->next_process_serial = next_process_serial;
  clone->next_port = next_port;
  clone->neighbour = neighbour;
  clone->log = log;
  return clone;
}

}  // namespace

Cluster::Cluster(std::unique_ptr<ClusterState> state) : state_(std::move(state)) {}

std::unique_ptr<Cluster> Cluster::Clone() const {
  return std::unique_ptr<Cluster>(new Cluster(CloneOf(*state_)));
}

uint64_t Cluster::Fingerprint(NodeIndex index) const {
  const mockcluster::Node& node = state_->node(index);
  StateHash hash;
  hash.Add(node.member + 2 * node.isolated + 4 * node.state_ok + 8 * (node.process != nullptr) +
           16 * node.link.paused + 32 * node.deaf + 2048 * node.hung +
           64 * static_cast<uint64_t>(node.flavor));
  AddView(node.view, hash);
  hash.Add(node.exporting);
  hash.Add(node.hidden_imports);
  hash.Add(node.link.backlog.size());
  if (node.process != nullptr) AddProcess(*state_, *node.process, hash);
  if (node.at_death != nullptr) hash.Add(HashOfData(*node.at_death));
  return hash.value();
}

uint64_t Cluster::Fingerprint() const {
  StateHash hash;
  for (const auto& to : state_->nodes) {
    hash.Add(Fingerprint(to->index));
    uint64_t news = 0;
    for (const auto& from : state_->nodes) news = news * 2 + HasNews(*from, *to);
    hash.Add(news);
  }
  return hash.value();
}

bool Cluster::HasNewsFor(NodeIndex node) const {
  return std::any_of(state_->nodes.begin(), state_->nodes.end(),
                     [&](const auto& from) { return HasNews(*from, state_->node(node)); });
}

void Cluster::DeliverNewsTo(NodeIndex node) {
  HearAll(*state_, state_->node(node));
  state_->Log("news for " + LogName(node));
  AfterEvent(*state_);
}

}  // namespace mockcluster::inline v0
