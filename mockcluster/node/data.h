#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "mockcluster/node/cluster_state.h"

// The keys of a node with what a server wraps around its tables: expiry, watched keys, and the
// stream of changes to replicas and to the destinations of atomic migrations. The node must be
// alive in every function here.
namespace mockcluster {

// The entry of a key that has not expired, or null. A primary removes an expired key, a replica
// hides it. Valid until the next change of the node's data.
const Entry* FindLive(ClusterState& state, Node& node, const KeyRef& key);
// The same, to be changed through the pointer. Stores a synthetic actor for good, so only to write.
Entry* FindLiveForWrite(ClusterState& state, Node& node, const KeyRef& key);
// The same as a test, without removing anything.
bool ExistsLive(const ClusterState& state, Node& node, const KeyRef& key);

// Stores a string, replacing what was there.
void StoreString(ClusterState& state, Node& node, const KeyRef& key, std::string_view value,
                 std::optional<int64_t> expires_at_ms);
void StoreRecord(ClusterState& state, Node& node, const KeyRecord& record);
// Tells watchers and replicas of an entry that was changed in place.
void Changed(ClusterState& state, Node& node, const Entry& entry);
// Whether the key was there.
bool Remove(ClusterState& state, Node& node, const KeyRef& key);
size_t RemoveSlot(ClusterState& state, Node& node, Slot slot);
void RemoveAll(ClusterState& state, Node& node);

// Attaches replicas to the primaries that they follow, copying the data of those that are new to
// them. To be called after every change of roles, processes or isolation.
void SyncReplicas(ClusterState& state);
// Replicas that are attached and get what they are sent.
size_t GoodReplicas(const ClusterState& state, const Node& node);
// Whether SETSLOT of the primary reaches the replica: both must be servers that know of it.
bool ReplicatesMarks(const Node& primary, const Node& replica);
// What a process of `node` makes of data that another process had: tables of its own layout.
std::unique_ptr<Keyspace> CopyKeyspace(const ClusterState& state, const Node& node, Keyspace& data,
                                       uint64_t hash_seed);
// Gives a replica the open slots of its primary, with their owners: a mark freezes the owner. One
// whose destination has handed over names the new primary, if the replica knows.
void CopyMarks(const ClusterView& from, ClusterView& to);
// Delivers what a pause held back.
void DrainBacklog(ClusterState& state, Node& replica);

// Marks clients that watch `key` (all keys: nullopt) on this node.
void TouchWatchers(ClusterState& state, Node& node, std::optional<std::string_view> key);
// Forgets what the client watches.
void Unwatch(ClusterState& state, Client& client);

}  // namespace mockcluster
