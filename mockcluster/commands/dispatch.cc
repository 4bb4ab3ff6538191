#include "mockcluster/commands/dispatch.h"

#include <algorithm>
#include <utility>

#include "mockcluster/commands/arguments.h"
#include "mockcluster/commands/command.h"
#include "mockcluster/commands/command_table.h"
#include "mockcluster/commands/handlers.h"
#include "mockcluster/commands/limits.h"
#include "mockcluster/commands/routing.h"
#include "mockcluster/node/atomic_migration.h"
#include "mockcluster/node/client_pause.h"
#include "mockcluster/node/data.h"

namespace mockcluster::inline v0 {
namespace {

// A server's cron runs ten times a second; at the emulator's pace this many commands fit between.
constexpr uint64_t kCommandsPerCron = 4096;

// What the server quotes of a name, and of the arguments, in an error.
constexpr size_t kQuotedBytesMax = 128;

std::string UnknownCommandError(std::span<const std::string_view> arguments) {
  std::string quoted;
  for (size_t index = 1; index < arguments.size() && quoted.size() < kQuotedBytesMax; ++index) {
    quoted += "'";
    quoted += arguments[index].substr(0, kQuotedBytesMax - quoted.size());
    quoted += "' ";
  }
  std::string error = "ERR unknown command '";
  error += arguments[0].substr(0, kQuotedBytesMax);
  error += "', with args beginning with: ";
  return error + quoted;
}

bool ArityFits(int arity, size_t count) {
  if (arity >= 0) return count == static_cast<size_t>(arity);
  return count >= static_cast<size_t>(-arity);
}

// One command, past the connection.
class CommandRun {
 public:
  CommandRun(ClusterState& state, Client& client, std::span<const std::string_view> arguments,
             ReplyWriter& reply)
      : state_(state),
        client_(client),
        node_(state.node(client.node)),
        arguments_(arguments),
        reply_(reply) {}

  // False: the node is paused, so that the command waits and nothing has happened. Otherwise a
  // reply has been written.
  bool Run() {
    const Command* command = Find();
    if (command == nullptr) return true;
    if (Refused(*command) || Redirected(*command)) {
      ++node_.process->counter(command->index).rejected;
      return true;
    }
    // Last of all checks, also of a command that would be queued.
    if (IsPaused(state_, node_, MayReplicate(*command) ? PauseOf::kWrites : PauseOf::kEverything)) {
      return false;
    }
    if (client_.in_multi && !command->Has(kNotQueued)) {
      Queue(*command);
      return true;
    }
    CommandContext context{state_,   node_,      *node_.process, client_,
                           *command, arguments_, reply_,         slot_};
    Call(context);
    // ASKING covers the next command; inside MULTI it lasts through EXEC.
    if (!client_.in_multi && command->name != "asking") client_.asking = false;
    return true;
  }

 private:
  // Writes an error that makes a running transaction fail; an EXEC ends it (rejectCommand).
  void Reject(std::string_view error, const Command* command = nullptr) {
    if (command != nullptr && command->name == "exec") {
      DiscardTransaction(state_, client_);
      if (error.starts_with("ERR ")) error.remove_prefix(4);
      reply_.Error("EXECABORT Transaction discarded because of: " + std::string(error));
    } else {
      FlagTransaction();
      reply_.Error(error);
    }
    if (!client_.in_multi) client_.asking = false;
  }

  // A transaction that cannot succeed; Valkey forgets its commands at once, so that EXEC is not
  // redirected on their account.
  void FlagTransaction() {
    if (!client_.in_multi) return;
    client_.dirty_exec = true;
    if (node_.traits().is_valkey) client_.queue.clear();
  }

  const Command* Find() {
    const Command* command = FindCommand(arguments_[0]);
    if (command == nullptr) {
      Reject(UnknownCommandError(arguments_));
      return nullptr;
    }
    if (command->has_subcommands && arguments_.size() > 1) {
      const Command* subcommand = FindSubcommand(*command, arguments_[1]);
      if (subcommand == nullptr || !IsKnownTo(node_.flavor, *subcommand)) {
        std::string container(command->name);
        for (char& letter : container) letter = static_cast<char>(letter - 'a' + 'A');
        Reject("ERR unknown subcommand '" + std::string(arguments_[1].substr(0, kQuotedBytesMax)) +
               "'. Try " + container + " HELP.");
        return nullptr;
      }
      command = subcommand;
    }
    if (!ArityFits(ArityOn(node_.flavor, *command), arguments_.size())) {
      ++node_.process->counter(command->index).rejected;
      Reject("ERR wrong number of arguments for '" + std::string(command->name) + "' command",
             command);
      return nullptr;
    }
    return command;
  }

  bool Refused(const Command& command) {
    if (!state_.options.password.empty() && !client_.authenticated && !command.Has(kNoAuth)) {
      Reject("NOAUTH Authentication required.", &command);
      return true;
    }
    if (client_.in_multi && command.Has(kNoMulti) && node_.traits().no_multi_commands) {
      std::string subject = "ERR Command";
      if (node_.traits().refusal_names_command) {
        subject += " '" + std::string(command.name) + "'";
      }
      Reject(subject + " not allowed inside a transaction");
      return true;
    }
    return false;
  }

  // Routing comes first, then the limits, READONLY and LOADING, as in processCommand.
  bool Redirected(const Command& command) {
    bool is_exec = command.name == "exec";
    if (!node_.exporting.empty() && IsWrite(command)) LearnTakeovers(state_, node_);
    if (is_exec ? client_.in_multi : command.keys.first != 0 || command.Has(kMovableKeys)) {
      Route route = is_exec ? RouteExec(state_, node_, client_)
                            : RouteCommand(state_, node_, client_, command, arguments_);
      if (route.kind != Route::Kind::kServe) {
        if (is_exec) {
          DiscardTransaction(state_, client_);
        } else {
          FlagTransaction();
        }
        WriteRedirect(state_, route, reply_);
        if (!client_.in_multi) client_.asking = false;
        return true;
      }
      slot_ = route.slot;
    }
    if (auto limit = FindLimit(state_, node_, client_, command, IsWrite(command))) {
      Reject(*limit, &command);
      return true;
    }
    if (node_.view.IsReplica() && IsWrite(command)) {
      Reject("READONLY You can't write against a read only replica.", &command);
      return true;
    }
    if (state_.now_ms < node_.process->loading_until_ms && !AllowedWhileLoading(command)) {
      Reject(node_.traits().loading_error, &command);
      return true;
    }
    return false;
  }

  bool IsWrite(const Command& command) const {
    if (command.name != "exec") return command.Has(kWrite);
    return std::any_of(client_.queue.begin(), client_.queue.end(),
                       [](const QueuedCommand& queued) { return queued.command->Has(kWrite); });
  }

  // CMD_WRITE or CMD_MAY_REPLICATE, of an EXEC those of its commands.
  bool MayReplicate(const Command& command) const {
    auto may_replicate = [this](const Command& of) {
      return of.Has(kWrite) || of.Has(kMayReplicate) ||
             (of.Has(kReplicatedOnValkey) && node_.traits().is_valkey);
    };
    if (command.name != "exec") return may_replicate(command);
    return std::any_of(client_.queue.begin(), client_.queue.end(),
                       [&](const QueuedCommand& queued) { return may_replicate(*queued.command); });
  }

  bool AllowedWhileLoading(const Command& command) const {
    if (command.name == "exec") {
      return std::all_of(client_.queue.begin(), client_.queue.end(),
                         [](const auto& queued) { return queued.command->Has(kLoading); });
    }
    if (command.Has(kClusterQuery)) return node_.traits().cluster_while_loading;
    return command.Has(kLoading);
  }

  void Queue(const Command& command) {
    // A transaction that will fail keeps nothing (queueMultiCommand).
    if (!client_.dirty_exec && !client_.dirty_cas) {
      client_.queue.push_back({&command, {arguments_.begin(), arguments_.end()}});
    }
    reply_.Simple("QUEUED");
  }

  ClusterState& state_;
  Client& client_;
  Node& node_;
  std::span<const std::string_view> arguments_;
  ReplyWriter& reply_;
  Slot slot_ = 0;  // see CommandContext
};

// False: the connection is gone after it.
bool RunBetweenCommands(ClusterState& state, const Client& client,
                        std::span<const std::string_view> arguments) {
  if (state.between_commands || (!state.hook && !state.faults)) return true;
  const ClientId id = client.id;
  state.between_commands = true;
  if (state.hook) state.hook({id, client.node, arguments});
  if (state.faults) state.faults->before_command(state, id);
  state.between_commands = false;
  const Client* still_there = state.FindClient(id);
  return still_there != nullptr && state.IsOpen(*still_there);
}

// False: the node is paused, and the command waits.
bool RunCommand(ClusterState& state, Client& client, std::span<const std::string_view> arguments,
                std::string* replies) {
  // QUIT is older than the command table: any case, any arity, even unauthenticated.
  if (IsWord(arguments[0], "QUIT")) {
    ReplyWriter(replies, client.resp).Ok();
    client.closed = true;
    return true;
  }
  Process& process = *state.node(client.node).process;
  if (++process.commands % kCommandsPerCron == 0) process.keyspace->Cron();
  ReplyWriter reply(replies, client.resp);
  return CommandRun(state, client, arguments, reply).Run();
}

}  // namespace

bool Refuse(Client& client, std::string* replies) {
  if (!client.refusal) return false;
  ReplyWriter(replies, client.resp).Error(*client.refusal);
  client.closed = true;
  return true;
}

namespace {

// The node hangs, is busy, or falls asleep by this command.
bool Waits(ClusterState& state, Client& client, std::span<const std::string_view> arguments) {
  Node& node = state.node(client.node);
  if (node.hung || state.now_ms < node.process->busy_until_ms) return true;
  if (client.in_multi || std::exchange(client.slept, false)) return false;
  if (!IsWord(arguments[0], "DEBUG")) return false;
  const std::optional<int64_t> sleep_ms = SleepOf(arguments);
  if (!sleep_ms || *sleep_ms == 0) return false;
  node.process->busy_until_ms = state.now_ms + *sleep_ms;
  client.slept = true;
  return true;
}

// What happens between commands has happened before.
Delivery ExecuteNow(ClusterState& state, Client& client,
                    std::span<const std::string_view> arguments, std::string* replies) {
  if (Waits(state, client, arguments)) return Delivery::kSilent;
  std::optional<ConnectionFault> fault = std::exchange(client.fault, std::nullopt);
  if (fault == ConnectionFault::kDropBefore) {
    client.closed = true;
    return Delivery::kClosed;
  }
  const size_t begin = replies->size();
  client.paused = !RunCommand(state, client, arguments, replies);
  if (client.paused) {
    client.fault = fault;
    return Delivery::kSilent;
  }
  if (fault) {
    client.closed = true;
    // At least one byte is missing, so that the reply cannot be taken for a whole one.
    size_t whole = replies->size() - begin;
    replies->resize(fault == ConnectionFault::kTruncateReply ? begin + whole / 2 : begin);
    return Delivery::kClosed;
  }
  return client.closed ? Delivery::kClosed : Delivery::kReplied;
}

}  // namespace

Delivery ExecuteCommand(ClusterState& state, Client& client,
                        std::span<const std::string_view> arguments, std::string* replies) {
  if (!state.IsOpen(client) || Refuse(client, replies)) return Delivery::kClosed;
  if (!RunBetweenCommands(state, client, arguments)) return Delivery::kClosed;
  return ExecuteNow(state, client, arguments, replies);
}

namespace {

// Executes the command that the node hung at, then every other one that is complete.
Delivery ExecuteAll(ClusterState& state, Client& client, std::string* replies) {
  if (!client.stalled.empty()) {
    const std::vector<std::string> command = std::exchange(client.stalled, {});
    const std::vector<std::string_view> arguments(command.begin(), command.end());
    // A plan of faults counts a command once, however often its node is asked whether it goes on.
    Delivery delivery = ExecuteNow(state, client, arguments, replies);
    if (delivery == Delivery::kSilent) client.stalled = command;
    if (delivery != Delivery::kReplied) return delivery;
  }
  for (;;) {
    RequestParser::Outcome outcome = client.requests.Next();
    if (outcome == RequestParser::Outcome::kNeedMore) return Delivery::kReplied;
    if (outcome == RequestParser::Outcome::kInvalid) {
      ReplyWriter(replies, client.resp).Error(client.requests.error());
      client.closed = true;
      return Delivery::kClosed;
    }
    std::span<const std::string_view> arguments = client.requests.arguments();
    if (arguments.empty()) continue;
    Delivery delivery = ExecuteCommand(state, client, arguments, replies);
    if (delivery == Delivery::kSilent) client.stalled.assign(arguments.begin(), arguments.end());
    if (delivery != Delivery::kReplied) return delivery;
  }
}

}  // namespace

Delivery FeedBytes(ClusterState& state, Client& client, std::string_view bytes,
                   std::string* replies) {
  if (!state.IsOpen(client)) return Delivery::kClosed;
  // A node that hangs greets nobody either.
  if (!state.node(client.node).hung && Refuse(client, replies)) return Delivery::kClosed;
  client.requests.Feed(bytes);
  return ExecuteAll(state, client, replies);
}

std::string ExecuteAsAdmin(ClusterState& state, Node& node,
                           std::span<const std::string_view> arguments) {
  Client admin;
  admin.node = node.index;
  admin.process_serial = node.process->serial;
  admin.authenticated = true;
  std::string reply;
  if (!RunCommand(state, admin, arguments, &reply)) {
    ReplyWriter(&reply, admin.resp).Error("ERR " + LogName(node.index) + " is paused");
  }
  return reply;
}

std::string ExecuteAsAdmin(ClusterState& state, Node& node,
                           std::initializer_list<std::string_view> arguments) {
  return ExecuteAsAdmin(state, node,
                        std::span<const std::string_view>(arguments.begin(), arguments.size()));
}

std::optional<std::string_view> ErrorText(std::string_view reply) {
  if (!reply.starts_with("-")) return std::nullopt;
  return reply.substr(1, reply.find('\r') - 1);
}

void Call(CommandContext& context) {
  const size_t errors = context.reply.errors();
  context.command.handler(context);
  // CONFIG RESETSTAT cleared the counters, its own call counts afterwards.
  CommandCounter& counter = context.process.counter(context.command.index);
  ++counter.calls;
  ++context.process.calls;
  if (context.reply.errors() > errors) ++counter.failed;
}

void DiscardTransaction(ClusterState& state, Client& client) {
  client.in_multi = false;
  client.dirty_exec = false;
  client.queue.clear();
  Unwatch(state, client);
}

}  // namespace mockcluster::inline v0
