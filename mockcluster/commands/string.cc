#include <limits>

#include "mockcluster/commands/arguments.h"
#include "mockcluster/commands/handlers.h"
#include "mockcluster/node/data.h"

namespace mockcluster::inline v0 {
namespace {

// The entry of a string, or null; writes WRONGTYPE and sets `failed` for every other type.
const Entry* FindString(CommandContext& context, std::string_view key, bool& failed) {
  const Entry* entry = FindLive(context.state, context.node, key);
  failed = entry != nullptr && entry->type != ValueType::kString;
  if (!failed) return entry;
  context.reply.Error(kWrongType);
  return nullptr;
}

void ReplyValue(ReplyWriter& reply, const Entry* entry) {
  if (entry == nullptr) {
    reply.Null();
  } else {
    reply.Bulk(entry->value);
  }
}

struct SetOptions {
  bool only_new = false;
  bool only_existing = false;
  bool return_old = false;
  bool keep_ttl = false;
  std::optional<std::string_view> expiry;
  bool in_seconds = false;
  bool absolute = false;
};

// False: a syntax error.
bool ParseSetOptions(std::span<const std::string_view> words, SetOptions& options) {
  for (size_t index = 0; index < words.size(); ++index) {
    std::string_view word = words[index];
    const bool may_expire = !options.expiry && !options.keep_ttl && index + 1 < words.size();
    if (IsWord(word, "NX") && !options.only_existing) {
      options.only_new = true;
    } else if (IsWord(word, "XX") && !options.only_new) {
      options.only_existing = true;
    } else if (IsWord(word, "GET")) {
      options.return_old = true;
    } else if (IsWord(word, "KEEPTTL") && !options.expiry) {
      options.keep_ttl = true;
    } else if (may_expire && (IsWord(word, "EX") || IsWord(word, "PX") || IsWord(word, "EXAT") ||
                              IsWord(word, "PXAT"))) {
      options.in_seconds = word.front() == 'E' || word.front() == 'e';
      options.absolute = word.size() == 4;
      options.expiry = words[++index];
    } else {
      return false;
    }
  }
  return true;
}

// The moment of expiry; nullopt after an error reply.
std::optional<int64_t> ParseExpiry(CommandContext& context, std::string_view text, bool in_seconds,
                                   bool absolute) {
  std::optional<int64_t> amount = ParseInteger(text);
  if (!amount) {
    context.reply.Error(kNotAnInteger);
    return std::nullopt;
  }
  constexpr int64_t kGreatest = std::numeric_limits<int64_t>::max();
  const int64_t start = absolute ? 0 : context.state.now_ms;
  const int64_t unit = in_seconds ? 1000 : 1;
  if (*amount <= 0 || *amount > kGreatest / unit || *amount * unit > kGreatest - start) {
    context.reply.Error("ERR invalid expire time in '" + std::string(context.command.name) +
                        "' command");
    return std::nullopt;
  }
  return *amount * unit + start;
}

void SetWithExpiry(CommandContext& context, bool in_seconds) {
  std::optional<int64_t> expires =
      ParseExpiry(context, context.arguments[2], in_seconds, /*absolute=*/false);
  if (!expires) return;
  StoreString(context.state, context.node, context.arguments[1], context.arguments[3], expires);
  context.reply.Ok();
}

void AddToInteger(CommandContext& context, std::optional<int64_t> increment) {
  if (!increment) {
    context.reply.Error(kNotAnInteger);
    return;
  }
  bool failed = false;
  const Entry* entry = FindString(context, context.arguments[1], failed);
  if (failed) return;
  std::optional<int64_t> old = entry == nullptr ? 0 : ParseInteger(entry->value);
  if (!old) {
    context.reply.Error(kNotAnInteger);
    return;
  }
  int64_t sum = 0;
  if (__builtin_add_overflow(*old, *increment, &sum)) {
    context.reply.Error("ERR increment or decrement would overflow");
    return;
  }
  std::optional<int64_t> expires = entry == nullptr ? std::nullopt : entry->expires_at_ms;
  StoreString(context.state, context.node, context.arguments[1], std::to_string(sum), expires);
  context.reply.Integer(sum);
}

}  // namespace

void Get(CommandContext& context) {
  bool failed = false;
  const Entry* entry = FindString(context, context.arguments[1], failed);
  if (!failed) ReplyValue(context.reply, entry);
}

void Set(CommandContext& context) {
  SetOptions options;
  if (!ParseSetOptions(context.arguments.subspan(3), options)) {
    context.reply.Error(kSyntaxError);
    return;
  }
  std::optional<int64_t> expires;
  if (options.expiry) {
    expires = ParseExpiry(context, *options.expiry, options.in_seconds, options.absolute);
    if (!expires) return;
  }
  const KeyRef key(context.arguments[1]);
  if (options.return_old || options.only_new || options.only_existing || options.keep_ttl) {
    const Entry* entry = FindLive(context.state, context.node, key);
    if (options.return_old) {
      if (entry != nullptr && entry->type != ValueType::kString) {
        context.reply.Error(kWrongType);
        return;
      }
      ReplyValue(context.reply, entry);
    }
    if (entry != nullptr ? options.only_new : options.only_existing) {
      if (!options.return_old) context.reply.Null();
      return;
    }
    if (options.keep_ttl && entry != nullptr) expires = entry->expires_at_ms;
  }
  StoreString(context.state, context.node, key, context.arguments[2], expires);
  if (!options.return_old) context.reply.Ok();
}

void SetNx(CommandContext& context) {
  const KeyRef key(context.arguments[1]);
  const bool absent = FindLive(context.state, context.node, key) == nullptr;
  if (absent) StoreString(context.state, context.node, key, context.arguments[2], std::nullopt);
  context.reply.Integer(absent ? 1 : 0);
}

void SetEx(CommandContext& context) { SetWithExpiry(context, /*in_seconds=*/true); }

void PsetEx(CommandContext& context) { SetWithExpiry(context, /*in_seconds=*/false); }

void GetSet(CommandContext& context) {
  bool failed = false;
  const Entry* entry = FindString(context, context.arguments[1], failed);
  if (failed) return;
  ReplyValue(context.reply, entry);
  StoreString(context.state, context.node, context.arguments[1], context.arguments[2],
              std::nullopt);
}

void GetDel(CommandContext& context) {
  bool failed = false;
  const Entry* entry = FindString(context, context.arguments[1], failed);
  if (failed) return;
  ReplyValue(context.reply, entry);
  if (entry != nullptr) Remove(context.state, context.node, context.arguments[1]);
}

void Mget(CommandContext& context) {
  context.reply.Array(context.arguments.size() - 1);
  for (std::string_view key : context.arguments.subspan(1)) {
    const Entry* entry = FindLive(context.state, context.node, key);
    // A key of another type has no string to show.
    ReplyValue(context.reply,
               entry != nullptr && entry->type == ValueType::kString ? entry : nullptr);
  }
}

void Mset(CommandContext& context) {
  if (context.arguments.size() % 2 == 0) {
    context.reply.Error("ERR wrong number of arguments for 'mset' command");
    return;
  }
  for (size_t index = 1; index < context.arguments.size(); index += 2) {
    StoreString(context.state, context.node, context.arguments[index], context.arguments[index + 1],
                std::nullopt);
  }
  context.reply.Ok();
}

void StrLen(CommandContext& context) {
  bool failed = false;
  const Entry* entry = FindString(context, context.arguments[1], failed);
  if (failed) return;
  context.reply.Integer(entry == nullptr ? 0 : static_cast<int64_t>(entry->value.size()));
}

void Append(CommandContext& context) {
  bool failed = false;
  const Entry* entry = FindString(context, context.arguments[1], failed);
  if (failed) return;
  std::string value = entry == nullptr ? "" : entry->value;
  std::optional<int64_t> expires = entry == nullptr ? std::nullopt : entry->expires_at_ms;
  value.append(context.arguments[2]);
  StoreString(context.state, context.node, context.arguments[1], value, expires);
  context.reply.Integer(static_cast<int64_t>(value.size()));
}

void Incr(CommandContext& context) { AddToInteger(context, 1); }

void Decr(CommandContext& context) { AddToInteger(context, -1); }

void IncrBy(CommandContext& context) { AddToInteger(context, ParseInteger(context.arguments[2])); }

void DecrBy(CommandContext& context) {
  std::optional<int64_t> decrement = ParseInteger(context.arguments[2]);
  if (decrement == std::numeric_limits<int64_t>::min()) {
    context.reply.Error("ERR decrement would overflow");
    return;
  }
  if (decrement) decrement = -*decrement;
  AddToInteger(context, decrement);
}

}  // namespace mockcluster::inline v0
