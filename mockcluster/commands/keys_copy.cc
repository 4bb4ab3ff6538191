#include <string>

#include "mockcluster/commands/arguments.h"
#include "mockcluster/commands/data_handlers.h"
#include "mockcluster/commands/handlers.h"
#include "mockcluster/node/data.h"

// RENAME, COPY and MOVE.
namespace mockcluster::inline v0 {
namespace {

void StoreCopy(CommandContext& context, const Entry& entry, std::string_view key) {
  StoreRecord(context.state, context.node,
              {.key = std::string(key),
               .value = entry.value,
               .type = entry.type,
               .expires_at_ms = entry.expires_at_ms});
}

// False when the reply is an error.
bool ParseCopyOptions(CommandContext& context, bool& replace) {
  // A cluster has one database; Redis 7.0 looks at the setting all the same.
  const int64_t databases = context.node.traits().is_valkey ? 1 : 16;
  int64_t database = 0;
  for (size_t index = 3; index < context.arguments.size(); ++index) {
    const std::string_view word = context.arguments[index];
    if (IsWord(word, "REPLACE")) {
      replace = true;
      continue;
    }
    if (!IsWord(word, "DB") || index + 1 == context.arguments.size()) {
      context.reply.Error(kSyntaxError);
      return false;
    }
    std::optional<int64_t> number = ParseInteger(context.arguments[++index]);
    if (!number || *number < 0 || *number >= databases) {
      context.reply.Error(number ? "ERR DB index is out of range" : kNotAnInteger);
      return false;
    }
    database = *number;
  }
  if (database != 0) {
    context.reply.Error("ERR Copying to another database is not allowed in cluster mode");
    return false;
  }
  return true;
}

void RenameKey(CommandContext& context, bool only_new) {
  const std::string_view from = context.arguments[1];
  const std::string_view to = context.arguments[2];
  const Entry* entry = FindLive(context.state, context.node, from);
  if (entry == nullptr) {
    context.reply.Error("ERR no such key");
    return;
  }
  if (from != to) {
    if (only_new && FindLive(context.state, context.node, to) != nullptr) {
      context.reply.Integer(0);
      return;
    }
    StoreCopy(context, *FindLive(context.state, context.node, from), to);
    Remove(context.state, context.node, from);
  }
  if (only_new) {
    context.reply.Integer(from != to ? 1 : 0);
  } else {
    context.reply.Ok();
  }
}

}  // namespace

void Rename(CommandContext& context) { RenameKey(context, /*only_new=*/false); }

void RenameNx(CommandContext& context) { RenameKey(context, /*only_new=*/true); }

void Copy(CommandContext& context) {
  bool replace = false;
  if (!ParseCopyOptions(context, replace)) return;
  const std::string_view from = context.arguments[1];
  const std::string_view to = context.arguments[2];
  if (from == to) {
    context.reply.Error("ERR source and destination objects are the same");
    return;
  }
  const bool blocked = !replace && FindLive(context.state, context.node, to) != nullptr;
  const Entry* entry = FindLive(context.state, context.node, from);
  if (entry == nullptr || blocked) {
    context.reply.Integer(0);
    return;
  }
  StoreCopy(context, *entry, to);
  context.reply.Integer(1);
}

void Move(CommandContext& context) {
  context.reply.Error("ERR MOVE is not allowed in cluster mode");
}

}  // namespace mockcluster::inline v0
