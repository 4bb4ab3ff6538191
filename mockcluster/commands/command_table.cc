#include "mockcluster/commands/command_table.h"

#include <algorithm>
#include <array>

#include "mockcluster/commands/arguments.h"
#include "mockcluster/commands/data_handlers.h"
#include "mockcluster/commands/handlers.h"

namespace mockcluster::inline v0 {
namespace {

constexpr KeyPositions kNoKeys{};
constexpr KeyPositions kOneKey{1, 1, 1};
constexpr KeyPositions kTwoKeys{1, 2, 1};
constexpr KeyPositions kKeyOfSubcommand{2, 2, 1};
constexpr KeyPositions kAllKeys{1, -1, 1};
constexpr KeyPositions kPairs{1, -1, 2};
constexpr uint32_t kConnection = kFast | kLoading | kNoAuth;
constexpr uint32_t kContainer = kLoading;

std::vector<Command> ConnectionCommands() {
  return {
      {"asking", 1, kFast, kNoKeys, Asking},
      {"auth", -2, kConnection, kNoKeys, Auth},
      {"client", -2, kContainer, kNoKeys, nullptr, true},
      {"client|getname", 2, kLoading, kNoKeys, ClientGetName},
      {"client|id", 2, kLoading, kNoKeys, ClientShowId},
      {"client|info", 2, kLoading, kNoKeys, ClientInfo},
      {"client|no-evict", 3, kLoading, kNoKeys, ClientAcceptsAnything},
      {"client|pause", -3, kAdmin | kLoading, kNoKeys, ClientPauses},
      {"client|reply", 3, kLoading, kNoKeys, ClientAcceptsAnything},
      {"client|setinfo", 4, kLoading | kSince72, kNoKeys, ClientSetInfo},
      {"client|setname", 3, kLoading, kNoKeys, ClientSetName},
      {"client|unpause", 2, kAdmin | kLoading, kNoKeys, ClientUnpauses},
      {"echo", 2, kFast, kNoKeys, Echo},
      {"hello", -1, kConnection, kNoKeys, Hello},
      {"ping", -1, kFast, kNoKeys, Ping},
      {"readonly", 1, kFast | kLoading, kNoKeys, ReadOnlyMode},
      {"readwrite", 1, kFast | kLoading, kNoKeys, ReadWriteMode},
      {"reset", 1, kConnection | kNotQueued, kNoKeys, Reset},
      {"select", 2, kFast | kLoading, kNoKeys, Select},
  };
}

std::vector<Command> DataCommands() {
  return {
      {"append", 3, kWrite | kDenyOom | kFast, kOneKey, Append},
      {"copy", -3, kWrite | kDenyOom, kTwoKeys, Copy},
      {"dbsize", 1, kReadOnly | kFast, kNoKeys, DbSize},
      {"decr", 2, kWrite | kDenyOom | kFast, kOneKey, Decr},
      {"decrby", 3, kWrite | kDenyOom | kFast, kOneKey, DecrBy},
      {"del", -2, kWrite, kAllKeys, Del},
      {"dump", 2, kReadOnly, kOneKey, Dump},
      {"exists", -2, kReadOnly | kFast, kAllKeys, Exists},
      {"expire", -3, kWrite | kFast, kOneKey, Expire},
      {"expireat", -3, kWrite | kFast, kOneKey, ExpireAt},
      {"expiretime", 2, kReadOnly | kFast, kOneKey, ExpireTime},
      {"flushall", -1, kWrite, kNoKeys, FlushAll},
      {"flushdb", -1, kWrite, kNoKeys, FlushAll},
      {"get", 2, kReadOnly | kFast, kOneKey, Get},
      {"getbit", 3, kReadOnly | kFast, kOneKey, GetBit},
      {"getdel", 2, kWrite | kFast, kOneKey, GetDel},
      {"getex", -2, kWrite | kFast, kOneKey, GetEx},
      {"getrange", 4, kReadOnly, kOneKey, GetRange},
      {"getset", 3, kWrite | kDenyOom | kFast, kOneKey, GetSet},
      {"incr", 2, kWrite | kDenyOom | kFast, kOneKey, Incr},
      {"incrby", 3, kWrite | kDenyOom | kFast, kOneKey, IncrBy},
      {"incrbyfloat", 3, kWrite | kDenyOom | kFast, kOneKey, IncrByFloat},
      {"keys", 2, kReadOnly, kNoKeys, Keys},
      {"lcs", -3, kReadOnly, kTwoKeys, Lcs},
      {"mget", -2, kReadOnly | kFast, kAllKeys, Mget},
      {"migrate", -6, kWrite | kMovableKeys, {3, 3, 1}, Migrate},
      {"move", 3, kWrite | kFast, kOneKey, Move},
      {"mset", -3, kWrite | kDenyOom, kPairs, Mset},
      {"msetnx", -3, kWrite | kDenyOom, kPairs, MsetNx},
      {"object", -2, 0, kNoKeys, nullptr, true},
      {"object|encoding", 3, kReadOnly, kKeyOfSubcommand, ObjectEncoding},
      {"object|freq", 3, kReadOnly, kKeyOfSubcommand, ObjectFreq},
      {"object|refcount", 3, kReadOnly, kKeyOfSubcommand, ObjectRefcount},
      {"persist", 2, kWrite | kFast, kOneKey, Persist},
      {"pexpire", -3, kWrite | kFast, kOneKey, Pexpire},
      {"pexpireat", -3, kWrite | kFast, kOneKey, PexpireAt},
      {"pexpiretime", 2, kReadOnly | kFast, kOneKey, PexpireTime},
      {"pfcount", -2, kReadOnly | kMayReplicate, kAllKeys, PfCount},
      {"psetex", 4, kWrite | kDenyOom, kOneKey, PsetEx},
      {"pttl", 2, kReadOnly | kFast, kOneKey, Pttl},
      {"randomkey", 1, kReadOnly, kNoKeys, RandomKey},
      {"rename", 3, kWrite, kTwoKeys, Rename},
      {"renamenx", 3, kWrite | kFast, kTwoKeys, RenameNx},
      {"restore", -4, kWrite | kDenyOom, kOneKey, Restore},
      {"restore-asking", -4, kWrite | kDenyOom | kAsking, kOneKey, Restore},
      {"scan", -2, kReadOnly, kNoKeys, Scan},
      {"set", -3, kWrite | kDenyOom, kOneKey, Set},
      {"setbit", 4, kWrite | kDenyOom, kOneKey, SetBit},
      {"setex", 4, kWrite | kDenyOom, kOneKey, SetEx},
      {"setnx", 3, kWrite | kDenyOom | kFast, kOneKey, SetNx},
      {"setrange", 4, kWrite | kDenyOom, kOneKey, SetRange},
      {"strlen", 2, kReadOnly | kFast, kOneKey, StrLen},
      {"substr", 4, kReadOnly, kOneKey, GetRange},
      {"touch", -2, kReadOnly | kFast, kAllKeys, Exists},
      {"ttl", 2, kReadOnly | kFast, kOneKey, Ttl},
      {"type", 2, kReadOnly | kFast, kOneKey, Type},
      {"unlink", -2, kWrite | kFast, kAllKeys, Del},
  };
}

std::vector<Command> TransactionCommands() {
  return {
      {"discard", 1, kFast | kLoading | kNotQueued, kNoKeys, Discard},
      {"exec", 1, kLoading | kNotQueued, kNoKeys, Exec},
      {"multi", 1, kFast | kLoading | kNotQueued | kNoMulti, kNoKeys, Multi},
      {"unwatch", 1, kFast | kLoading, kNoKeys, UnwatchAll},
      {"watch", -2, kFast | kLoading | kNotQueued | kNoMulti, kAllKeys, Watch},
  };
}

std::vector<Command> ClusterCommands() {
  constexpr uint32_t kQuery = kClusterQuery;
  constexpr uint32_t kChange = kAdmin;
  return {
      {"cluster", -2, kContainer, kNoKeys, nullptr, true},
      {"cluster|addslots", -3, kChange, kNoKeys, ClusterAddSlots},
      {"cluster|addslotsrange", -4, kChange, kNoKeys, ClusterAddSlotsRange},
      {"cluster|bumpepoch", 2, kChange, kNoKeys, ClusterBumpEpoch},
      {"cluster|count-failure-reports", 3, kChange, kNoKeys, ClusterCountFailureReports},
      {"cluster|countkeysinslot", 3, 0, kNoKeys, ClusterCountKeysInSlot},
      {"cluster|delslots", -3, kChange, kNoKeys, ClusterDelSlots},
      {"cluster|delslotsrange", -4, kChange, kNoKeys, ClusterDelSlotsRange},
      {"cluster|failover", -2, kChange, kNoKeys, ClusterFailover},
      {"cluster|flushslots", 2, kChange, kNoKeys, ClusterFlushSlots},
      {"cluster|forget", 3, kChange, kNoKeys, ClusterForget},
      {"cluster|getkeysinslot", 4, 0, kNoKeys, ClusterGetKeysInSlot},
      {"cluster|getslotmigrations", 2, kSince90, kNoKeys, ClusterGetSlotMigrations},
      {"cluster|help", 2, kLoading, kNoKeys, ClusterHelp},
      {"cluster|info", 2, kQuery, kNoKeys, ClusterInfo},
      {"cluster|keyslot", 3, 0, kNoKeys, ClusterKeySlot},
      {"cluster|links", 2, 0, kNoKeys, ClusterLinks},
      {"cluster|meet", -4, kChange, kNoKeys, ClusterMeet},
      {"cluster|myid", 2, kQuery, kNoKeys, ClusterMyId},
      {"cluster|myshardid", 2, kQuery | kSince72, kNoKeys, ClusterMyShardId},
      {"cluster|nodes", 2, kQuery, kNoKeys, ClusterNodes},
      {"cluster|replicas", 3, kChange, kNoKeys, ClusterReplicas},
      {"cluster|replicate", 3, kChange | kMoreSince90, kNoKeys, ClusterReplicate},
      {"cluster|reset", -2, kChange, kNoKeys, ClusterReset},
      {"cluster|saveconfig", 2, kChange, kNoKeys, ClusterSaveConfig},
      {"cluster|set-config-epoch", 3, kChange, kNoKeys, ClusterSetConfigEpoch},
      {"cluster|setslot", -4, kChange | kReplicatedOnValkey, kNoKeys, ClusterSetSlot},
      {"cluster|shards", 2, kQuery, kNoKeys, ClusterShards},
      {"cluster|slaves", 3, kChange, kNoKeys, ClusterReplicas},
      {"cluster|slot-stats", -4, kQuery | kSince72, kNoKeys, ClusterSlotStats},
      {"cluster|slots", 2, kQuery, kNoKeys, ClusterSlots},
  };
}

std::vector<Command> ServerCommands() {
  return {
      {"command", -1, kContainer, kNoKeys, CommandAll, true},
      {"command|count", 2, kLoading, kNoKeys, CommandCount},
      {"command|docs", -2, kLoading, kNoKeys, CommandDocs},
      {"command|getkeys", -3, kLoading, kNoKeys, CommandGetKeys},
      {"command|info", -2, kLoading, kNoKeys, CommandInfo},
      {"command|list", -2, kLoading, kNoKeys, CommandList},
      {"config", -2, kContainer, kNoKeys, nullptr, true},
      {"config|get", -3, kAdmin | kLoading, kNoKeys, ConfigGet},
      {"config|set", -4, kAdmin | kLoading, kNoKeys, ConfigSet},
      {"config|resetstat", 2, kAdmin | kLoading, kNoKeys, ConfigResetStat},
      {"debug", -2, kAdmin | kLoading, kNoKeys, Debug},
      {"function", -2, 0, kNoKeys, nullptr, true},
      {"function|flush", -2, kWrite, kNoKeys, FunctionFlush},
      {"function|list", -2, 0, kNoKeys, FunctionList},
      {"info", -1, kLoading, kNoKeys, Info},
      {"role", 1, kFast | kLoading, kNoKeys, Role},
      {"script", -2, 0, kNoKeys, nullptr, true},
      {"script|exists", -3, 0, kNoKeys, ScriptExists},
      {"script|flush", -2, 0, kNoKeys, ScriptFlush},
      {"time", 1, kFast | kLoading, kNoKeys, Time},
      {"wait", 3, 0, kNoKeys, Wait},
  };
}

std::vector<Command> MakeTable() {
  std::vector<Command> table;
  for (const std::vector<Command>& family :
       {ConnectionCommands(), DataCommands(), TransactionCommands(), ClusterCommands(),
        ServerCommands()}) {
    table.insert(table.end(), family.begin(), family.end());
  }
  std::sort(table.begin(), table.end(),
            [](const Command& a, const Command& b) { return a.name < b.name; });
  for (size_t index = 0; index < table.size(); ++index) {
    table[index].index = index;
    table[index].is_subcommand = table[index].name.find('|') != std::string_view::npos;
  }
  return table;
}

// A name in lower case, as long as it may be one, with its hash (FNV-1a).
class LowerName {
 public:
  // False when it gets longer than every name: no command can have it.
  bool Append(std::string_view text) {
    if (text.size() > kBytesMax - size_) return false;
    for (char byte : text) {
      const char lower = byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + 32) : byte;
      text_[size_++] = lower;
      hash_ = (hash_ ^ static_cast<unsigned char>(lower)) * 16777619u;
    }
    return true;
  }

  std::string_view text() const { return {text_, size_}; }
  uint32_t hash() const { return hash_; }

 private:
  static constexpr size_t kBytesMax = 48;  // more than every name

  char text_[kBytesMax];
  size_t size_ = 0;
  uint32_t hash_ = 2166136261u;
};

// Every command executed is looked up here, so it is a bare open-addressed table: half the time of
// a general one.
class NameIndex {
 public:
  NameIndex() {
    for (const Command& command : AllCommands()) {
      LowerName name;
      name.Append(command.name);
      size_t place = name.hash() % kPlaces;
      while (places_[place] != nullptr) place = (place + 1) % kPlaces;
      places_[place] = &command;
    }
  }

  const Command* Find(const LowerName& name) const {
    size_t place = name.hash() % kPlaces;
    while (places_[place] != nullptr && places_[place]->name != name.text()) {
      place = (place + 1) % kPlaces;
    }
    return places_[place];
  }

 private:
  static constexpr size_t kPlaces = 512;  // several times the number of commands

  std::array<const Command*, kPlaces> places_{};
};

const Command* FindByName(const LowerName& name) {
  static const NameIndex index;
  return index.Find(name);
}

}  // namespace

const std::vector<Command>& AllCommands() {
  static const std::vector<Command> table = MakeTable();
  return table;
}

bool IsKnownTo(Flavor flavor, const Command& command) {
  if (command.Has(kSince90)) return flavor == Flavor::kValkey91;
  return !command.Has(kSince72) || flavor != Flavor::kRedis70;
}

int ArityOn(Flavor flavor, const Command& command) {
  const bool more = command.Has(kMoreSince90) && flavor == Flavor::kValkey91;
  return more ? -command.arity : command.arity;
}

const Command* FindCommand(std::string_view name) {
  LowerName lower;
  if (!lower.Append(name)) return nullptr;
  const Command* command = FindByName(lower);
  return command != nullptr && !command->is_subcommand ? command : nullptr;
}

const Command* FindSubcommand(const Command& container, std::string_view name) {
  LowerName lower;
  if (!lower.Append(container.name) || !lower.Append("|") || !lower.Append(name)) return nullptr;
  return FindByName(lower);
}

std::span<const std::string_view> FindMigratedKeys(std::span<const std::string_view> arguments) {
  // The third argument, or those after KEYS when it is empty.
  for (size_t index = 6; index < arguments.size(); ++index) {
    if (!IsWord(arguments[index], "KEYS")) continue;
    if (!arguments[3].empty()) return {};
    return arguments.subspan(index + 1);
  }
  return arguments.subspan(3, 1);
}

}  // namespace mockcluster::inline v0
