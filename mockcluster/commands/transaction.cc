#include <utility>

#include "mockcluster/commands/dispatch.h"
#include "mockcluster/commands/handlers.h"
#include "mockcluster/node/data.h"

namespace mockcluster::inline v0 {
namespace {

// A watched key that has expired meanwhile has changed, though nobody touched it.
bool WatchedKeyExpired(CommandContext& context) {
  for (const std::string& key : context.client.watched) {
    const Entry* entry = context.process.keyspace->Find(key);
    if (entry != nullptr && entry->ExpiredAt(context.state.now_ms)) return true;
  }
  return false;
}

}  // namespace

void Multi(CommandContext& context) {
  if (context.client.in_multi) {
    context.reply.Error("ERR MULTI calls can not be nested");
    return;
  }
  context.client.in_multi = true;
  context.reply.Ok();
}

void Exec(CommandContext& context) {
  Client& client = context.client;
  if (!client.in_multi) {
    context.reply.Error("ERR EXEC without MULTI");
    return;
  }
  if (WatchedKeyExpired(context)) client.dirty_cas = true;
  if (client.dirty_exec || client.dirty_cas) {
    if (client.dirty_exec) {
      context.reply.Error("EXECABORT Transaction discarded because of previous errors.");
    } else {
      context.reply.NullArray();
    }
    DiscardTransaction(context.state, client);
    return;
  }
  std::vector<QueuedCommand> queue = std::exchange(client.queue, {});
  // The transaction's own writes must not touch what it watches.
  Unwatch(context.state, client);
  context.reply.Array(queue.size());
  std::vector<std::string_view> arguments;
  for (const QueuedCommand& queued : queue) {
    arguments.assign(queued.arguments.begin(), queued.arguments.end());
    // CLUSTER RESET HARD makes the process another node's.
    Node& node = context.state.node(client.node);
    CommandContext inner{context.state,   node,      context.process, client,
                         *queued.command, arguments, context.reply,   context.slot};
    Call(inner);
  }
  DiscardTransaction(context.state, client);
}

void Discard(CommandContext& context) {
  if (!context.client.in_multi) {
    context.reply.Error("ERR DISCARD without MULTI");
    return;
  }
  DiscardTransaction(context.state, context.client);
  context.reply.Ok();
}

void Watch(CommandContext& context) {
  Client& client = context.client;
  if (client.in_multi) {
    context.reply.Error("ERR WATCH inside MULTI is not allowed");
    return;
  }
  // Already doomed: no need to watch more.
  if (!client.dirty_cas) {
    for (std::string_view key : context.arguments.subspan(1)) {
      client.watched.emplace_back(key);
      context.process.watchers[std::string(key)].push_back(client.id);
    }
  }
  context.reply.Ok();
}

void UnwatchAll(CommandContext& context) {
  Unwatch(context.state, context.client);
  context.reply.Ok();
}

}  // namespace mockcluster::inline v0
