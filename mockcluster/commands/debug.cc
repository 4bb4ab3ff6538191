#include <algorithm>
#include <cstdlib>
#include <string>

#include "mockcluster/commands/arguments.h"
#include "mockcluster/commands/handlers.h"
#include "mockcluster/node/interventions.h"

// DEBUG, as far as tests of clusters use it.
namespace mockcluster::inline v0 {
namespace {

// A server drops one type of packet; here any type stands for all of them, -1 for none.
void DropPackets(CommandContext& context) {
  std::optional<int64_t> type = ParseInteger(context.arguments[2]);
  if (!type) {
    context.reply.Error(kNotAnInteger);
    return;
  }
  SetDeaf(context.state, context.node.index, *type >= 0).IgnoreError();
  context.reply.Ok();
}

}  // namespace

std::optional<int64_t> SleepOf(std::span<const std::string_view> arguments) {
  // As a server reads it: by strtod, whatever follows the number.
  constexpr double kSecondsMax = 1e9;
  if (arguments.size() != 3 || !IsWord(arguments[1], "SLEEP")) return std::nullopt;
  const double seconds = std::strtod(std::string(arguments[2]).c_str(), nullptr);
  // Not a number is no time either.
  if (!(seconds > 0)) return 0;
  return static_cast<int64_t>(std::min(seconds, kSecondsMax) * 1000);
}

void Debug(CommandContext& context) {
  // The time has passed.
  if (SleepOf(context.arguments)) return context.reply.Ok();
  if (IsWord(context.arguments[1], "DROP-CLUSTER-PACKET-FILTER") && context.arguments.size() == 3) {
    return DropPackets(context);
  }
  // A server answers when all is loaded; Cluster::Reload() is the time before.
  if (IsWord(context.arguments[1], "RELOAD")) return context.reply.Ok();
  context.reply.Error("ERR Unknown subcommand or wrong number of arguments for '" +
                      std::string(context.arguments[1]) + "'. Try DEBUG HELP.");
}

}  // namespace mockcluster::inline v0
