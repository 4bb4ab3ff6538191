#include <algorithm>
#include <string>
#include <vector>

#include "mockcluster/commands/arguments.h"
#include "mockcluster/commands/dispatch.h"
#include "mockcluster/commands/dump_payload.h"
#include "mockcluster/commands/handlers.h"
#include "mockcluster/node/client_pause.h"
#include "mockcluster/node/data.h"

namespace mockcluster::inline v0 {
namespace {

struct RestoreOptions {
  bool replace = false;
  bool absolute_ttl = false;
};

// False: a syntax error. IDLETIME and FREQ have no effect here.
bool ParseRestoreOptions(std::span<const std::string_view> words, RestoreOptions& options) {
  for (size_t index = 0; index < words.size(); ++index) {
    if (IsWord(words[index], "REPLACE")) {
      options.replace = true;
    } else if (IsWord(words[index], "ABSTTL")) {
      options.absolute_ttl = true;
    } else if ((IsWord(words[index], "IDLETIME") || IsWord(words[index], "FREQ")) &&
               index + 1 < words.size()) {
      ++index;
    } else {
      return false;
    }
  }
  return true;
}

struct MigrateRequest {
  atestore::Endpoint target;
  bool copy = false;
  bool replace = false;
  std::vector<std::string_view> keys;
};

// False after an error reply.
bool ParseMigrate(CommandContext& context, MigrateRequest& request) {
  std::span<const std::string_view> arguments = context.arguments;
  std::string_view single = arguments[3];
  request.keys = {single};
  for (size_t index = 6; index < arguments.size(); ++index) {
    size_t more = arguments.size() - 1 - index;
    if (IsWord(arguments[index], "COPY")) {
      request.copy = true;
    } else if (IsWord(arguments[index], "REPLACE")) {
      request.replace = true;
    } else if (IsWord(arguments[index], "AUTH") && more >= 1) {
      index += 1;
    } else if (IsWord(arguments[index], "AUTH2") && more >= 2) {
      index += 2;
    } else if (IsWord(arguments[index], "KEYS")) {
      if (!single.empty()) {
        context.reply.Error(
            "ERR When using MIGRATE KEYS option, the key argument must be set to the empty "
            "string");
        return false;
      }
      request.keys.assign(arguments.begin() + static_cast<ptrdiff_t>(index) + 1, arguments.end());
      break;
    } else {
      context.reply.Error(kSyntaxError);
      return false;
    }
  }
  std::optional<int64_t> timeout = ParseInteger(arguments[5]);
  std::optional<int64_t> database = ParseInteger(arguments[4]);
  if (!timeout || !database) {
    context.reply.Error(kNotAnInteger);
    return false;
  }
  request.target.host = arguments[1];
  request.target.port = static_cast<uint16_t>(ParseInteger(arguments[2]).value_or(0));
  return true;
}

Node* FindTarget(ClusterState& state, const atestore::Endpoint& endpoint) {
  for (auto& node : state.nodes) {
    if (node->process != nullptr && node->endpoint == endpoint) return node.get();
  }
  return nullptr;
}

// The target's reply to RESTORE-ASKING, as its own connection would see it.
std::string SendKey(CommandContext& context, Node& target, const Entry& entry, bool replace) {
  int64_t ttl_ms = 0;
  if (entry.expires_at_ms) {
    ttl_ms = std::max<int64_t>(1, *entry.expires_at_ms - context.state.now_ms);
  }
  const std::string ttl = std::to_string(ttl_ms);
  const std::string payload = EncodeDump(entry.value);
  const std::string key = entry.key();
  std::vector<std::string_view> command = {"RESTORE-ASKING", key, ttl, payload};
  if (replace) command.push_back("REPLACE");
  std::string reply = ExecuteAsAdmin(context.state, target, command);
  if (reply.starts_with("+OK")) {
    // A payload carries strings only; the type goes beside it.
    Entry* copy = target.process->keyspace->FindForWrite(key);
    if (copy != nullptr && copy->type != entry.type) {
      copy->type = entry.type;
      Changed(context.state, target, *copy);
    }
  }
  return reply;
}

}  // namespace

void Dump(CommandContext& context) {
  const Entry* entry = FindLive(context.state, context.node, context.arguments[1]);
  if (entry == nullptr) {
    context.reply.Null();
  } else {
    context.reply.Bulk(EncodeDump(entry->value));
  }
}

void Restore(CommandContext& context) {
  RestoreOptions options;
  if (!ParseRestoreOptions(context.arguments.subspan(4), options)) {
    context.reply.Error(kSyntaxError);
    return;
  }
  const KeyRef key(context.arguments[1]);
  if (!options.replace && FindLive(context.state, context.node, key) != nullptr) {
    context.reply.Error("BUSYKEY Target key name already exists.");
    return;
  }
  std::optional<int64_t> ttl_ms = ParseInteger(context.arguments[2]);
  if (!ttl_ms || *ttl_ms < 0) {
    context.reply.Error(ttl_ms ? "ERR Invalid TTL value, must be >= 0" : kNotAnInteger);
    return;
  }
  std::optional<std::string> value = DecodeDump(context.arguments[3]);
  if (!value) {
    context.reply.Error("ERR DUMP payload version or checksum are wrong");
    return;
  }
  std::optional<int64_t> expires;
  if (*ttl_ms > 0) expires = options.absolute_ttl ? *ttl_ms : *ttl_ms + context.state.now_ms;
  StoreString(context.state, context.node, key, *value, expires);
  context.reply.Ok();
}

// MIGRATE host port key|"" db timeout [COPY] [REPLACE] [AUTH …] [KEYS key …]: RESTORE-ASKING on the
// target, then DEL here, key by key. The server blocks meanwhile, so nothing comes between.
void Migrate(CommandContext& context) {
  MigrateRequest request;
  if (!ParseMigrate(context, request)) return;
  std::vector<std::string> present;
  for (std::string_view key : request.keys) {
    if (FindLive(context.state, context.node, key) != nullptr) present.emplace_back(key);
  }
  if (present.empty()) {
    context.reply.Simple("NOKEY");
    return;
  }
  Node* target = FindTarget(context.state, request.target);
  if (target == nullptr || target == &context.node) {
    context.reply.Error("IOERR error or timeout writing to target instance");
    return;
  }
  if (IsPaused(context.state, *target, PauseOf::kWrites)) {
    context.reply.Error("IOERR error or timeout reading to target instance");
    return;
  }
  std::string error;
  for (const std::string& key : present) {
    const Entry* entry = FindLive(context.state, context.node, key);
    std::string reply = SendKey(context, *target, *entry, request.replace);
    if (auto failure = ErrorText(reply)) {
      if (error.empty()) error = *failure;
    } else if (!request.copy) {
      Remove(context.state, context.node, key);
    }
  }
  if (error.empty()) {
    context.reply.Ok();
  } else {
    context.reply.Error("ERR Target instance replied with error: " + error);
  }
}

}  // namespace mockcluster::inline v0
