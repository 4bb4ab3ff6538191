#include <cctype>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>

#include "mockcluster/commands/arguments.h"
#include "mockcluster/commands/data_handlers.h"
#include "mockcluster/commands/handlers.h"
#include "mockcluster/commands/string_access.h"
#include "mockcluster/node/data.h"

namespace mockcluster::inline v0 {
namespace {

struct SetOptions {
  bool only_new = false;
  bool only_existing = false;
  bool return_old = false;
  bool keep_ttl = false;
  std::optional<ExpiryOption> expiry;
};

// False: a syntax error.
bool ParseSetOptions(std::span<const std::string_view> words, SetOptions& options) {
  for (size_t index = 0; index < words.size(); ++index) {
    std::string_view word = words[index];
    if (IsWord(word, "NX") && !options.only_existing) {
      options.only_new = true;
    } else if (IsWord(word, "XX") && !options.only_new) {
      options.only_existing = true;
    } else if (IsWord(word, "GET")) {
      options.return_old = true;
    } else if (IsWord(word, "KEEPTTL") && !options.expiry) {
      options.keep_ttl = true;
    } else if (options.keep_ttl) {
      return false;
    } else if (auto expiry = TakeExpiryOption(words, index, options.expiry)) {
      options.expiry = expiry;
    } else {
      return false;
    }
  }
  return true;
}

void SetWithExpiry(CommandContext& context, std::string_view unit) {
  std::optional<int64_t> expires =
      ParseExpiry(context, {.unit = unit, .amount = context.arguments[2]});
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
  StoreKeepingExpiry(context, context.arguments[1], entry, std::to_string(sum));
  context.reply.Integer(sum);
}

// A number as the server reads it (string2ld): nothing around it, and not NaN.
std::optional<long double> ParseFloat(std::string_view text) {
  constexpr size_t kBytesMax = 255;
  if (text.empty() || text.size() > kBytesMax) return std::nullopt;
  if (std::isspace(static_cast<unsigned char>(text.front()))) return std::nullopt;
  const std::string terminated(text);
  char* end = nullptr;
  errno = 0;
  const long double value = std::strtold(terminated.c_str(), &end);
  if (end != terminated.c_str() + text.size() || std::isnan(value)) return std::nullopt;
  if (errno == ERANGE && (value == 0 || std::isinf(value))) return std::nullopt;
  return value;
}

// 17 digits after the point, without zeros at the end (ld2string).
std::string FormatFloat(long double value) {
  char digits[5 * 1024];  // more than the greatest value has
  const int size = std::snprintf(digits, sizeof digits, "%.17Lf", value);
  std::string text(digits, static_cast<size_t>(size));
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

struct GetExOptions {
  bool persist = false;
  std::optional<ExpiryOption> expiry;
};

// False: a syntax error.
bool ParseGetExOptions(std::span<const std::string_view> words, GetExOptions& options) {
  for (size_t index = 0; index < words.size(); ++index) {
    if (IsWord(words[index], "PERSIST") && !options.expiry) {
      options.persist = true;
      continue;
    }
    if (options.persist) return false;
    options.expiry = TakeExpiryOption(words, index, options.expiry);
    if (!options.expiry) return false;
  }
  return true;
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
    expires = ParseExpiry(context, *options.expiry);
    if (!expires) return;
  }
  const KeyRef key = context.Key(context.arguments[1]);
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

void SetEx(CommandContext& context) { SetWithExpiry(context, "EX"); }

void PsetEx(CommandContext& context) { SetWithExpiry(context, "PX"); }

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

void GetEx(CommandContext& context) {
  GetExOptions options;
  if (!ParseGetExOptions(context.arguments.subspan(2), options)) {
    context.reply.Error(kSyntaxError);
    return;
  }
  const KeyRef key(context.arguments[1]);
  std::optional<int64_t> expires;
  auto parse_expiry = [&] {
    if (options.expiry) expires = ParseExpiry(context, *options.expiry);
    return expires || !options.expiry;
  };
  const bool expiry_first = context.node.traits().getex_checks_expiry_first;
  if (expiry_first && !parse_expiry()) return;
  bool failed = false;
  const Entry* found = FindString(context, key.text, failed);
  if (failed || (!expiry_first && found != nullptr && !parse_expiry())) return;
  ReplyValue(context.reply, found);
  if (found == nullptr) return;
  if (expires && *expires <= context.state.now_ms) {
    Remove(context.state, context.node, key);
  } else if (expires || (options.persist && found->expires_at_ms)) {
    Entry* entry = FindLiveForWrite(context.state, context.node, key);
    entry->expires_at_ms = expires;
    Changed(context.state, context.node, *entry);
  }
}

void Mget(CommandContext& context) {
  context.reply.Array(context.arguments.size() - 1);
  for (std::string_view key : context.arguments.subspan(1)) {
    const Entry* entry = FindLive(context.state, context.node, context.Key(key));
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

// All of them or none.
void MsetNx(CommandContext& context) {
  if (context.arguments.size() % 2 == 0) {
    context.reply.Error("ERR wrong number of arguments for 'msetnx' command");
    return;
  }
  for (size_t index = 1; index < context.arguments.size(); index += 2) {
    if (FindLive(context.state, context.node, context.arguments[index]) == nullptr) continue;
    context.reply.Integer(0);
    return;
  }
  for (size_t index = 1; index < context.arguments.size(); index += 2) {
    StoreString(context.state, context.node, context.arguments[index], context.arguments[index + 1],
                std::nullopt);
  }
  context.reply.Integer(1);
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
  value.append(context.arguments[2]);
  StoreKeepingExpiry(context, context.arguments[1], entry, value);
  context.reply.Integer(static_cast<int64_t>(value.size()));
}

void Incr(CommandContext& context) { AddToInteger(context, 1); }

void Decr(CommandContext& context) { AddToInteger(context, -1); }

void IncrBy(CommandContext& context) { AddToInteger(context, ParseInteger(context.arguments[2])); }

void IncrByFloat(CommandContext& context) {
  bool failed = false;
  const Entry* entry = FindString(context, context.arguments[1], failed);
  if (failed) return;
  std::optional<long double> old = entry == nullptr ? 0 : ParseFloat(entry->value);
  std::optional<long double> increment = ParseFloat(context.arguments[2]);
  if (!old || !increment) {
    context.reply.Error("ERR value is not a valid float");
    return;
  }
  const long double sum = *old + *increment;
  if (std::isnan(sum) || std::isinf(sum)) {
    context.reply.Error("ERR increment would produce NaN or Infinity");
    return;
  }
  const std::string text = FormatFloat(sum);
  StoreKeepingExpiry(context, context.arguments[1], entry, text);
  context.reply.Bulk(text);
}

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
