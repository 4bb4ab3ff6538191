#pragma once

#include <string>
#include <string_view>

#include "mockcluster/commands/command.h"

// The handlers of the command table, by family; each file <family>.cc holds one family.
namespace mockcluster::inline v0 {

inline constexpr std::string_view kSyntaxError = "ERR syntax error";
inline constexpr std::string_view kNotAnInteger = "ERR value is not an integer or out of range";
inline constexpr std::string_view kBadSlot = "ERR Invalid or out of range slot";
inline constexpr std::string_view kWrongType =
    "WRONGTYPE Operation against a key holding the wrong kind of value";

// connection
void Ping(CommandContext& context);
void Echo(CommandContext& context);
void Hello(CommandContext& context);
void Auth(CommandContext& context);
void Select(CommandContext& context);
void Reset(CommandContext& context);
void ClientShowId(CommandContext& context);
void ClientSetName(CommandContext& context);
void ClientGetName(CommandContext& context);
void ClientSetInfo(CommandContext& context);
void ClientInfo(CommandContext& context);
void ClientPauses(CommandContext& context);
void ClientUnpauses(CommandContext& context);
void ClientAcceptsAnything(CommandContext& context);
void ReadOnlyMode(CommandContext& context);
void ReadWriteMode(CommandContext& context);
void Asking(CommandContext& context);

// string
void Get(CommandContext& context);
void Set(CommandContext& context);
void SetNx(CommandContext& context);
void SetEx(CommandContext& context);
void PsetEx(CommandContext& context);
void GetSet(CommandContext& context);
void GetDel(CommandContext& context);
void Mget(CommandContext& context);
void Mset(CommandContext& context);
void StrLen(CommandContext& context);
void Append(CommandContext& context);
void Incr(CommandContext& context);
void Decr(CommandContext& context);
void IncrBy(CommandContext& context);
void DecrBy(CommandContext& context);

// keys
void Del(CommandContext& context);
void Exists(CommandContext& context);
void Type(CommandContext& context);
void Ttl(CommandContext& context);
void Pttl(CommandContext& context);
void Expire(CommandContext& context);
void Pexpire(CommandContext& context);
void ExpireAt(CommandContext& context);
void PexpireAt(CommandContext& context);
void Persist(CommandContext& context);

// scan
void Scan(CommandContext& context);
void Keys(CommandContext& context);
void RandomKey(CommandContext& context);
void DbSize(CommandContext& context);
void FlushAll(CommandContext& context);

// transaction
void Multi(CommandContext& context);
void Exec(CommandContext& context);
void Discard(CommandContext& context);
void Watch(CommandContext& context);
void UnwatchAll(CommandContext& context);

// scripting
void FunctionFlush(CommandContext& context);
void FunctionList(CommandContext& context);
void ScriptExists(CommandContext& context);
void ScriptFlush(CommandContext& context);

// migrate
void Dump(CommandContext& context);
void Restore(CommandContext& context);
void Migrate(CommandContext& context);

// cluster: queries
void ClusterSlots(CommandContext& context);
void ClusterShards(CommandContext& context);
void ClusterNodes(CommandContext& context);
void ClusterInfo(CommandContext& context);
// The reply to CLUSTER INFO: lines "name:value", each with its line end.
std::string ClusterInfoText(const CommandContext& context);
void ClusterLinks(CommandContext& context);
void ClusterReplicas(CommandContext& context);
void ClusterMyId(CommandContext& context);
void ClusterMyShardId(CommandContext& context);
void ClusterKeySlot(CommandContext& context);
void ClusterCountKeysInSlot(CommandContext& context);
void ClusterGetKeysInSlot(CommandContext& context);
void ClusterCountFailureReports(CommandContext& context);
void ClusterGetSlotMigrations(CommandContext& context);

void ClusterHelp(CommandContext& context);
// Not a command: writes the error reply to a subcommand of CLUSTER with wrong arguments.
void RefuseArguments(CommandContext& context);

// cluster: a node's slots
void ClusterAddSlots(CommandContext& context);
void ClusterDelSlots(CommandContext& context);
void ClusterAddSlotsRange(CommandContext& context);
void ClusterDelSlotsRange(CommandContext& context);
void ClusterFlushSlots(CommandContext& context);
void ClusterSlotStats(CommandContext& context);

// cluster: other changes
void ClusterSetSlot(CommandContext& context);
void ClusterReset(CommandContext& context);
void ClusterFailover(CommandContext& context);
void ClusterReplicate(CommandContext& context);
void ClusterForget(CommandContext& context);
void ClusterMeet(CommandContext& context);
void ClusterBumpEpoch(CommandContext& context);
void ClusterSetConfigEpoch(CommandContext& context);
void ClusterSaveConfig(CommandContext& context);

// server
void Info(CommandContext& context);
void Time(CommandContext& context);
void Role(CommandContext& context);
void Wait(CommandContext& context);
void ConfigGet(CommandContext& context);
void ConfigSet(CommandContext& context);
void ConfigResetStat(CommandContext& context);
void Debug(CommandContext& context);
// How long the node sleeps for a DEBUG command, in milliseconds. nullopt: it is not DEBUG SLEEP.
// The dispatcher waits for that time before it calls Debug().
std::optional<int64_t> SleepOf(std::span<const std::string_view> arguments);
void CommandAll(CommandContext& context);
void CommandCount(CommandContext& context);
void CommandInfo(CommandContext& context);
void CommandDocs(CommandContext& context);
void CommandList(CommandContext& context);
void CommandGetKeys(CommandContext& context);

}  // namespace mockcluster::inline v0
