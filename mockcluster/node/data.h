#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "mockcluster/node/cluster_state.h"

// Access to the keys of a node, with expiry, watched keys, and the stream of changes to replicas
// and to the destinations of atomic migrations. Every function requires that the node is alive.
namespace mockcluster::inline v0 {

// The entry of a key that has not expired, or null. A primary removes an expired key, a replica
// hides it. Valid until the next change of the node's data.
const Entry* FindLive(ClusterState& state, Node& node, const KeyRef& key);
// The same, with write access. It turns a synthetic actor into a stored one, so use it only to
// write.
Entry* FindLiveForWrite(ClusterState& state, Node& node, const KeyRef& key);
// Whether FindLive() would find the key, without removing anything.
bool ExistsLive(const ClusterState& state, Node& node, const KeyRef& key);

// Stores a string, replacing the old value.
void StoreString(ClusterState& state, Node& node, const KeyRef& key, std::string_view value,
                 std::optional<int64_t> expires_at_ms);
void StoreRecord(ClusterState& state, Node& node, const KeyRecord& record);
// Tells watchers and replicas about an entry that was changed in place.
void Changed(ClusterState& state, Node& node, const Entry& entry);
// Removes a key. Returns whether it existed.
bool Remove(ClusterState& state, Node& node, const KeyRef& key);
// What a server's active expiry does: removes keys that nobody asks for.
void RemoveExpired(ClusterState& state);
size_t RemoveSlot(ClusterState& state, Node& node, Slot slot);
void RemoveAll(ClusterState& state, Node& node);

// Attaches replicas to the primaries that they follow; a replica that is new to its primary copies
// its data. Call it after every change of roles, processes or isolation.
void SyncReplicas(ClusterState& state);
// The number of replicas that are attached and receive changes.
size_t GoodReplicas(const ClusterState& state, const Node& node);
// Whether the primary replicates SETSLOT to the replica: both servers must support it.
bool ReplicatesMarks(const Node& primary, const Node& replica);
// A copy of another process' data, in tables with the layout of `node`.
std::unique_ptr<Keyspace> CopyKeyspace(const ClusterState& state, const Node& node, Keyspace& data,
                                       uint64_t hash_seed);
// Copies the marks of a primary's open slots to a replica, with the owners of those slots, which
// the marks freeze. If the destination of a mark has failed over, the mark names its new primary,
// if the replica knows it.
void CopyMarks(const ClusterView& from, ClusterView& to);
// Delivers the changes that a pause held back.
void DrainBacklog(ClusterState& state, Node& replica);

// Marks the clients that watch `key` on this node. nullopt: any key.
void TouchWatchers(ClusterState& state, Node& node, std::optional<std::string_view> key);
// Removes all watches of the client.
void Unwatch(ClusterState& state, Client& client);

}  // namespace mockcluster::inline v0
