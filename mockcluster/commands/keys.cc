#include "mockcluster/commands/arguments.h"
#include "mockcluster/commands/handlers.h"
#include "mockcluster/node/data.h"

namespace mockcluster::inline v0 {
namespace {

struct ExpireConditions {
  bool not_set = false;  // NX
  bool set = false;      // XX
  bool greater = false;  // GT
  bool less = false;     // LT
};

// False after an error reply.
bool ParseConditions(CommandContext& context, ExpireConditions& conditions) {
  for (std::string_view word : context.arguments.subspan(3)) {
    if (IsWord(word, "NX")) {
      conditions.not_set = true;
    } else if (IsWord(word, "XX")) {
      conditions.set = true;
    } else if (IsWord(word, "GT")) {
      conditions.greater = true;
    } else if (IsWord(word, "LT")) {
      conditions.less = true;
    } else {
      context.reply.Error("ERR Unsupported option " + std::string(word));
      return false;
    }
  }
  if (conditions.not_set && (conditions.set || conditions.greater || conditions.less)) {
    context.reply.Error("ERR NX and XX, GT or LT options at the same time are not compatible");
    return false;
  }
  if (conditions.greater && conditions.less) {
    context.reply.Error("ERR GT and LT options at the same time are not compatible");
    return false;
  }
  return true;
}

// No expiry counts as infinitely late.
bool ConditionsHold(const ExpireConditions& conditions, std::optional<int64_t> present,
                    int64_t wanted) {
  if (conditions.not_set && present) return false;
  if (conditions.set && !present) return false;
  if (conditions.greater && (!present || wanted <= *present)) return false;
  if (conditions.less && present && wanted >= *present) return false;
  return true;
}

void SetExpiry(CommandContext& context, int64_t unit, int64_t start) {
  ExpireConditions conditions;
  if (!ParseConditions(context, conditions)) return;
  std::optional<int64_t> amount = ParseInteger(context.arguments[2]);
  if (!amount) {
    context.reply.Error(kNotAnInteger);
    return;
  }
  int64_t when = 0;
  if (__builtin_mul_overflow(*amount, unit, &when) || __builtin_add_overflow(when, start, &when)) {
    context.reply.Error("ERR invalid expire time in '" + std::string(context.command.name) +
                        "' command");
    return;
  }
  const KeyRef key(context.arguments[1]);
  Entry* entry = FindLiveForWrite(context.state, context.node, key);
  if (entry == nullptr || !ConditionsHold(conditions, entry->expires_at_ms, when)) {
    context.reply.Integer(0);
    return;
  }
  if (when <= context.state.now_ms) {
    Remove(context.state, context.node, key);
  } else {
    entry->expires_at_ms = when;
    Changed(context.state, context.node, *entry);
  }
  context.reply.Integer(1);
}

// Milliseconds to live; −1: no expiry, −2: no such key.
int64_t TimeToLive(CommandContext& context) {
  const Entry* entry = FindLive(context.state, context.node, context.arguments[1]);
  if (entry == nullptr) return -2;
  if (!entry->expires_at_ms) return -1;
  return *entry->expires_at_ms - context.state.now_ms;
}

}  // namespace

void Del(CommandContext& context) {
  int64_t removed = 0;
  for (std::string_view text : context.arguments.subspan(1)) {
    const KeyRef key = context.Key(text);
    if (FindLive(context.state, context.node, key) == nullptr) continue;
    if (Remove(context.state, context.node, key)) ++removed;
  }
  context.reply.Integer(removed);
}

void Exists(CommandContext& context) {
  int64_t found = 0;
  for (std::string_view key : context.arguments.subspan(1)) {
    if (FindLive(context.state, context.node, context.Key(key)) != nullptr) ++found;
  }
  context.reply.Integer(found);
}

void Type(CommandContext& context) {
  const Entry* entry = FindLive(context.state, context.node, context.arguments[1]);
  context.reply.Simple(entry == nullptr ? "none" : TypeName(entry->type));
}

void Ttl(CommandContext& context) {
  int64_t left_ms = TimeToLive(context);
  context.reply.Integer(left_ms < 0 ? left_ms : (left_ms + 500) / 1000);
}

void Pttl(CommandContext& context) { context.reply.Integer(TimeToLive(context)); }

void Expire(CommandContext& context) { SetExpiry(context, 1000, context.state.now_ms); }

void Pexpire(CommandContext& context) { SetExpiry(context, 1, context.state.now_ms); }

void ExpireAt(CommandContext& context) { SetExpiry(context, 1000, 0); }

void PexpireAt(CommandContext& context) { SetExpiry(context, 1, 0); }

void Persist(CommandContext& context) {
  Entry* entry = FindLiveForWrite(context.state, context.node, context.arguments[1]);
  const bool had_expiry = entry != nullptr && entry->expires_at_ms.has_value();
  if (had_expiry) {
    entry->expires_at_ms.reset();
    Changed(context.state, context.node, *entry);
  }
  context.reply.Integer(had_expiry ? 1 : 0);
}

}  // namespace mockcluster::inline v0
