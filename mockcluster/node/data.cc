#include "mockcluster/node/data.h"

#include <algorithm>
#include <utility>

#include "mockcluster/node/reload.h"

namespace mockcluster::inline v0 {
namespace {

KeyRecord RecordOf(const Entry& entry) {
  return {.key = entry.key(),
          .value = entry.value,
          .type = entry.type,
          .expires_at_ms = entry.expires_at_ms};
}

void Assign(Entry& entry, const KeyRecord& record) {
  entry.value = record.value;
  entry.type = record.type;
  entry.expires_at_ms = record.expires_at_ms;
}

void Apply(ClusterState& state, Node& node, const DataChange& change) {
  FinishReload(*node.process);
  Keyspace& keyspace = *node.process->keyspace;
  switch (change.kind) {
    case DataChange::Kind::kStore:
      Assign(*keyspace.Upsert(change.record.key).entry, change.record);
      break;
    case DataChange::Kind::kRemove:
      keyspace.Erase(change.record.key);
      break;
    case DataChange::Kind::kClear:
      keyspace.Clear();
      TouchWatchers(state, node, std::nullopt);
      return;
  }
  TouchWatchers(state, node, change.record.key);
}

void Propagate(ClusterState& state, Node& node, const DataChange& change) {
  for (NodeIndex index : node.replicas) {
    Node& replica = state.node(index);
    if (replica.link.paused || replica.hung) {
      replica.link.backlog.push_back(change);
    } else {
      Apply(state, replica, change);
    }
  }
}

// A slot in atomic migration is mirrored to the hidden copy of its destination.
void Mirror(ClusterState& state, Node& node, const KeyRef& key, const KeyRecord* record) {
  auto exporting = node.exporting.find(key.slot);
  if (exporting == node.exporting.end()) return;
  Node& destination = state.node(exporting->second);
  if (destination.process == nullptr) return;
  if (record != nullptr) {
    StoreRecord(state, destination, *record);
  } else {
    Remove(state, destination, key);
  }
}

bool HasListeners(const Node& node) { return !node.replicas.empty() || !node.exporting.empty(); }

}  // namespace

const Entry* FindLive(ClusterState& state, Node& node, const KeyRef& key) {
  const Entry* entry = node.process->keyspace->Find(key);
  if (entry == nullptr || !entry->ExpiredAt(state.now_ms)) return entry;
  if (!node.view.IsReplica()) Remove(state, node, key);
  return nullptr;
}

Entry* FindLiveForWrite(ClusterState& state, Node& node, const KeyRef& key) {
  FinishReload(*node.process);
  if (FindLive(state, node, key) == nullptr) return nullptr;
  return node.process->keyspace->FindForWrite(key);
}

bool ExistsLive(const ClusterState& state, Node& node, const KeyRef& key) {
  const Entry* entry = node.process->keyspace->Find(key);
  return entry != nullptr && !entry->ExpiredAt(state.now_ms);
}

void StoreString(ClusterState& state, Node& node, const KeyRef& key, std::string_view value,
                 std::optional<int64_t> expires_at_ms) {
  FinishReload(*node.process);
  Entry* entry = node.process->keyspace->Upsert(key).entry;
  entry->value.assign(value);
  entry->type = ValueType::kString;
  entry->expires_at_ms = expires_at_ms;
  Changed(state, node, *entry);
}

void StoreRecord(ClusterState& state, Node& node, const KeyRecord& record) {
  FinishReload(*node.process);
  Entry* entry = node.process->keyspace->Upsert(record.key).entry;
  Assign(*entry, record);
  Changed(state, node, *entry);
}

void Changed(ClusterState& state, Node& node, const Entry& entry) {
  if (entry.expires_at_ms) state.expiries.emplace(*entry.expires_at_ms, entry.key());
  if (!node.process->watchers.empty()) TouchWatchers(state, node, entry.key());
  if (!HasListeners(node)) return;
  DataChange change{DataChange::Kind::kStore, RecordOf(entry)};
  Propagate(state, node, change);
  Mirror(state, node, KeyRef(entry.key(), entry.slot()), &change.record);
}

bool Remove(ClusterState& state, Node& node, const KeyRef& key) {
  // The key may be a view of the entry that goes.
  const std::string text(key.text);
  const KeyRef own(text, key.slot);
  FinishReload(*node.process);
  if (!node.process->keyspace->Erase(own)) return false;
  if (!node.process->watchers.empty()) TouchWatchers(state, node, text);
  if (!HasListeners(node)) return true;
  Propagate(state, node, {DataChange::Kind::kRemove, {.key = text}});
  Mirror(state, node, own, nullptr);
  return true;
}

size_t RemoveSlot(ClusterState& state, Node& node, Slot slot) {
  FinishReload(*node.process);
  Keyspace& keyspace = *node.process->keyspace;
  std::vector<std::string> keys;
  keyspace.KeysInSlot(slot, keyspace.CountInSlot(slot),
                      [&keys](const Entry& entry) { keys.push_back(entry.key()); });
  for (const std::string& key : keys) Remove(state, node, KeyRef(key, slot));
  return keys.size();
}

void RemoveAll(ClusterState& state, Node& node) {
  FinishReload(*node.process);
  for (auto [slot, destination] : node.exporting) {
    if (state.node(destination).process != nullptr) {
      RemoveSlot(state, state.node(destination), slot);
    }
  }
  node.process->keyspace->Clear();
  TouchWatchers(state, node, std::nullopt);
  Propagate(state, node, {DataChange::Kind::kClear, {}});
}

void RemoveExpired(ClusterState& state) {
  while (!state.expiries.empty() && state.expiries.top().first <= state.now_ms) {
    const std::string key = state.expiries.top().second;
    state.expiries.pop();
    for (const auto& node : state.nodes) {
      const bool expires = node->process != nullptr && !node->hung && !node->view.IsReplica() &&
                           state.now_ms >= node->process->loading_until_ms;
      if (expires) FindLive(state, *node, KeyRef(key));
    }
  }
}

size_t GoodReplicas(const ClusterState& state, const Node& node) {
  return static_cast<size_t>(
      std::count_if(node.replicas.begin(), node.replicas.end(), [&state](NodeIndex index) {
        const Node& replica = state.node(index);
        return !replica.link.paused && !replica.hung;
      }));
}

bool ReplicatesMarks(const Node& primary, const Node& replica) {
  return primary.traits().marks_follow_failover && replica.traits().marks_follow_failover;
}

std::unique_ptr<Keyspace> CopyKeyspace(const ClusterState& state, const Node& node, Keyspace& data,
                                       uint64_t hash_seed) {
  const Layout layout = state.LayoutOf(node);
  if (data.layout() == layout) return data.Clone(hash_seed);
  std::unique_ptr<Keyspace> copy = CreateKeyspace({.layout = layout, .hash_seed = hash_seed});
  for (size_t slot = 0; slot < atestore::kSlotCount; ++slot) {
    if (data.IsSlotHidden(static_cast<Slot>(slot))) {
      copy->SetSlotHidden(static_cast<Slot>(slot), true);
    }
  }
  data.ForEach(Keyspace::Hidden::kInclude, [&copy](const Entry& entry) {
    copy->Upsert(KeyRef(entry.key(), entry.slot())).entry->CopyContentFrom(entry);
  });
  return copy;
}

void CopyMarks(const ClusterView& from, ClusterView& to) {
  to.migrating_to = from.migrating_to;
  to.importing_from = from.importing_from;
  for (const auto* marks : {&from.migrating_to, &from.importing_from}) {
    for (const auto& [slot, node] : *marks) {
      // Its primary has not heard that it is no primary any more.
      if (from.Owner(slot) == to.self) continue;
      to.owners.Set(slot, from.Owner(slot));
      to.unclaimed[slot] = from.unclaimed[slot];
    }
  }
  // A failover that it heard of and its primary did not.
  for (auto& [slot, destination] : to.migrating_to) {
    const PeerView& peer = to.peer(destination);
    if (peer.primary && to.peer(*peer.primary).shard == peer.shard) destination = *peer.primary;
  }
}

void SyncReplicas(ClusterState& state) {
  for (auto& node : state.nodes) node->replicas.clear();
  for (auto& owned : state.nodes) {
    Node& replica = *owned;
    if (!replica.view.IsReplica()) {
      replica.link = {};
      continue;
    }
    Node& primary = state.node(*replica.view.me().primary);
    // A replica of a replica gets nothing, and cannot go on where it stopped.
    if (primary.view.IsReplica()) replica.link.primary_serial.reset();
    bool in_touch = replica.process && primary.process && !replica.isolated && !primary.isolated &&
                    !primary.view.IsReplica();
    if (!in_touch) continue;
    primary.replicas.push_back(replica.index);
    if (ReplicatesMarks(primary, replica)) {
      CopyMarks(primary.view, replica.view);
    }
    if (replica.link.primary_serial == primary.process->serial) continue;
    replica.link.backlog.clear();
    replica.link.primary_serial = primary.process->serial;
    FinishReload(*replica.process);
    replica.process->keyspace =
        CopyKeyspace(state, replica, WholeData(*primary.process), replica.process->hash_seed);
    TouchWatchers(state, replica, std::nullopt);
  }
}

void DrainBacklog(ClusterState& state, Node& replica) {
  std::deque<DataChange> backlog = std::exchange(replica.link.backlog, {});
  if (replica.process == nullptr) return;
  for (const DataChange& change : backlog) Apply(state, replica, change);
}

void TouchWatchers(ClusterState& state, Node& node, std::optional<std::string_view> key) {
  auto& watchers = node.process->watchers;
  auto mark = [&state](const std::vector<ClientId>& clients) {
    for (ClientId id : clients) {
      if (Client* client = state.FindClient(id)) client->dirty_cas = true;
    }
  };
  if (key) {
    auto found = watchers.find(*key);
    if (found != watchers.end()) mark(found->second);
    return;
  }
  for (const auto& [watched, clients] : watchers) mark(clients);
}

void Unwatch(ClusterState& state, Client& client) {
  Process* process = state.node(client.node).process.get();
  client.dirty_cas = false;
  std::vector<std::string> keys = std::exchange(client.watched, {});
  if (process == nullptr || process->serial != client.process_serial) return;
  for (const std::string& key : keys) {
    auto found = process->watchers.find(key);
    if (found == process->watchers.end()) continue;
    std::erase(found->second, client.id);
    if (found->second.empty()) process->watchers.erase(found);
  }
}

}  // namespace mockcluster::inline v0
