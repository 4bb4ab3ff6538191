#include "mockcluster/commands/arguments.h"
#include "mockcluster/commands/handlers.h"

// FUNCTION and SCRIPT of a server on which nobody has loaded anything: nothing here runs Lua.
namespace mockcluster::inline v0 {
namespace {

// Only FLUSH has an optional word: ASYNC or SYNC.
bool IsFlush(CommandContext& context, std::string_view error) {
  const bool fits = context.arguments.size() == 2 ||
                    (context.arguments.size() == 3 && (IsWord(context.arguments[2], "ASYNC") ||
                                                       IsWord(context.arguments[2], "SYNC")));
  if (!fits) context.reply.Error(error);
  return fits;
}

}  // namespace

void FunctionFlush(CommandContext& context) {
  if (IsFlush(context, "ERR FUNCTION FLUSH only supports SYNC|ASYNC option")) context.reply.Ok();
}

void FunctionList(CommandContext& context) { context.reply.Array(0); }

void ScriptExists(CommandContext& context) {
  context.reply.Array(context.arguments.size() - 2);
  for (size_t index = 2; index < context.arguments.size(); ++index) context.reply.Integer(0);
}

void ScriptFlush(CommandContext& context) {
  if (IsFlush(context, "ERR SCRIPT FLUSH only support SYNC|ASYNC option")) context.reply.Ok();
}

}  // namespace mockcluster::inline v0
