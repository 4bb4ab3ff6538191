#include "mockcluster/commands/arguments.h"
#include "mockcluster/commands/dispatch.h"
#include "mockcluster/commands/handlers.h"
#include "mockcluster/node/client_pause.h"

namespace mockcluster::inline v0 {
namespace {

constexpr std::string_view kWrongPassword =
    "WRONGPASS invalid username-password pair or user is disabled.";

// Checks credentials of the user "default", the only one. False after an error reply.
bool Authenticate(CommandContext& context, std::string_view user, std::string_view password) {
  const std::string& expected = context.state.options.password;
  // Without a password the default user accepts any.
  if (user != "default" || (!expected.empty() && password != expected)) {
    context.reply.Error(kWrongPassword);
    return false;
  }
  context.client.authenticated = true;
  return true;
}

bool IsValidName(std::string_view name) {
  for (char byte : name) {
    if (byte < '!' || byte > '~') return false;
  }
  return true;
}

void WriteModules(CommandContext& context) {
  ReplyWriter& reply = context.reply;
  if (!context.node.traits().lua_is_module) {
    reply.Array(0);
    return;
  }
  reply.Array(1);
  reply.Map(4);
  reply.Bulk("name");
  reply.Bulk("lua");
  reply.Bulk("ver");
  reply.Integer(1);
  reply.Bulk("path");
  reply.Bulk("lua");
  reply.Bulk("args");
  reply.Array(0);
}

void WriteHello(CommandContext& context) {
  const FlavorTraits& traits = context.node.traits();
  ReplyWriter& reply = context.reply;
  reply.Map(7);
  reply.Bulk("server");
  reply.Bulk(traits.server);
  reply.Bulk("version");
  reply.Bulk(traits.version);
  reply.Bulk("proto");
  reply.Integer(static_cast<int64_t>(reply.version()));
  reply.Bulk("id");
  reply.Integer(static_cast<int64_t>(context.client.id));
  reply.Bulk("mode");
  reply.Bulk("cluster");
  reply.Bulk("role");
  reply.Bulk(context.node.view.IsReplica() ? "replica" : "master");
  reply.Bulk("modules");
  WriteModules(context);
}

}  // namespace

void Ping(CommandContext& context) {
  if (context.arguments.size() > 2) {
    context.reply.Error("ERR wrong number of arguments for 'ping' command");
  } else if (context.arguments.size() == 2) {
    context.reply.Bulk(context.arguments[1]);
  } else {
    context.reply.Simple("PONG");
  }
}

void Echo(CommandContext& context) { context.reply.Bulk(context.arguments[1]); }

void Hello(CommandContext& context) {
  std::optional<RespVersion> version;
  if (context.arguments.size() >= 2) {
    std::optional<int64_t> number = ParseInteger(context.arguments[1]);
    if (!number) {
      context.reply.Error("ERR Protocol version is not an integer or out of range");
      return;
    }
    if (*number != 2 && *number != 3) {
      context.reply.Error("NOPROTO unsupported protocol version");
      return;
    }
    version = *number == 2 ? RespVersion::kResp2 : RespVersion::kResp3;
  }
  std::optional<std::string_view> name;
  for (size_t index = 2; index < context.arguments.size(); ++index) {
    std::string_view word = context.arguments[index];
    size_t more = context.arguments.size() - 1 - index;
    if (IsWord(word, "AUTH") && more >= 2) {
      if (!Authenticate(context, context.arguments[index + 1], context.arguments[index + 2])) {
        return;
      }
      index += 2;
    } else if (IsWord(word, "SETNAME") && more >= 1) {
      name = context.arguments[++index];
    } else {
      context.reply.Error("ERR Syntax error in HELLO option '" + std::string(word) + "'");
      return;
    }
  }
  if (!context.state.options.password.empty() && !context.client.authenticated) {
    context.reply.Error(
        "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO "
        "<proto> AUTH <user> <pass> option can be used to authenticate the client and select the "
        "RESP protocol version at the same time");
    return;
  }
  if (name) context.client.name = *name;
  if (version) {
    context.client.resp = *version;
    context.reply.set_version(*version);
  }
  WriteHello(context);
}

void Auth(CommandContext& context) {
  if (context.arguments.size() > 3) {
    context.reply.Error(kSyntaxError);
    return;
  }
  if (context.arguments.size() == 2 && context.state.options.password.empty()) {
    context.reply.Error(
        "ERR AUTH <password> called without any password configured for the default user. Are you "
        "sure your configuration is correct?");
    return;
  }
  std::string_view user = context.arguments.size() == 3 ? context.arguments[1] : "default";
  if (Authenticate(context, user, context.arguments.back())) context.reply.Ok();
}

void Select(CommandContext& context) {
  std::optional<int64_t> database = ParseInteger(context.arguments[1]);
  if (!database) {
    context.reply.Error(kNotAnInteger);
  } else if (*database == 0) {
    context.reply.Ok();
  } else if (context.node.flavor == Flavor::kValkey91) {
    context.reply.Error("ERR DB index is out of range");
  } else {
    context.reply.Error("ERR SELECT is not allowed in cluster mode");
  }
}

void Reset(CommandContext& context) {
  DiscardTransaction(context.state, context.client);
  context.client.asking = false;
  context.client.read_only = false;
  context.client.authenticated = false;
  context.client.name.clear();
  context.client.resp = RespVersion::kResp2;
  context.reply.set_version(RespVersion::kResp2);
  context.reply.Simple("RESET");
}

void ClientShowId(CommandContext& context) {
  context.reply.Integer(static_cast<int64_t>(context.client.id));
}

void ClientSetName(CommandContext& context) {
  if (!IsValidName(context.arguments[2])) {
    context.reply.Error("ERR Client names cannot contain spaces, newlines or special characters.");
    return;
  }
  context.client.name = context.arguments[2];
  context.reply.Ok();
}

void ClientGetName(CommandContext& context) {
  if (context.client.name.empty()) {
    context.reply.Null();
  } else {
    context.reply.Bulk(context.client.name);
  }
}

void ClientSetInfo(CommandContext& context) {
  std::string_view attribute = context.arguments[2];
  if (!IsWord(attribute, "LIB-NAME") && !IsWord(attribute, "LIB-VER")) {
    context.reply.Error("ERR Unrecognized option '" + std::string(attribute) + "'");
    return;
  }
  if (!IsValidName(context.arguments[3])) {
    context.reply.Error("ERR " + std::string(attribute) +
                        " cannot contain spaces, newlines or special characters.");
    return;
  }
  context.reply.Ok();
}

void ClientInfo(CommandContext& context) {
  const Client& client = context.client;
  std::string text =
      "id=" + std::to_string(static_cast<uint64_t>(client.id)) +
      " laddr=" + context.node.endpoint.host + ":" + std::to_string(context.node.endpoint.port) +
      " name=" + client.name + " flags=" + (client.read_only ? "r" : "N") +
      " db=0 multi=-1 cmd=client|info" +
      " user=default redir=-1 resp=" + std::to_string(static_cast<int>(client.resp)) + "\n";
  context.reply.Text(text);
}

// CLIENT PAUSE ms [WRITE|ALL]
void ClientPauses(CommandContext& context) {
  const std::span<const std::string_view> arguments = context.arguments;
  const FlavorTraits& traits = context.node.traits();
  if (arguments.size() > 4 && context.node.flavor != Flavor::kValkey91) {
    context.reply.Error(
        "ERR unknown subcommand or wrong number of arguments for 'PAUSE'. Try CLIENT HELP.");
    return;
  }
  PauseOf commands = PauseOf::kEverything;
  if (arguments.size() == 4) {
    if (IsWord(arguments[3], "WRITE")) {
      commands = PauseOf::kWrites;
    } else if (!IsWord(arguments[3], "ALL")) {
      context.reply.Error("ERR CLIENT PAUSE mode must be WRITE or ALL");
      return;
    }
  }
  const std::optional<int64_t> duration_ms = ParseInteger(arguments[2]);
  const int64_t now_ms = context.state.now_ms;
  int64_t until_ms = 0;
  if (!duration_ms) {
    context.reply.Error("ERR timeout is not an integer or out of range");
  } else if (*duration_ms < 0) {
    context.reply.Error("ERR timeout is negative");
  } else if (__builtin_add_overflow(now_ms, *duration_ms, &until_ms) && traits.is_valkey) {
    context.reply.Error("ERR timeout is out of range");
  } else {
    PauseClients(context.state, context.node, commands, until_ms);
    context.reply.Ok();
  }
}

void ClientUnpauses(CommandContext& context) {
  context.process.client_pause = {};
  context.reply.Ok();
}

void ClientAcceptsAnything(CommandContext& context) { context.reply.Ok(); }

void ReadOnlyMode(CommandContext& context) {
  context.client.read_only = true;
  context.reply.Ok();
}

void ReadWriteMode(CommandContext& context) {
  context.client.read_only = false;
  context.reply.Ok();
}

void Asking(CommandContext& context) {
  context.client.asking = true;
  context.reply.Ok();
}

}  // namespace mockcluster::inline v0
