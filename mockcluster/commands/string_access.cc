#include "mockcluster/commands/string_access.h"

#include <limits>
#include <string>

#include "mockcluster/commands/arguments.h"
#include "mockcluster/commands/handlers.h"
#include "mockcluster/node/data.h"

namespace mockcluster::inline v0 {

const Entry* FindString(CommandContext& context, std::string_view key, bool& failed) {
  const Entry* entry = FindLive(context.state, context.node, context.Key(key));
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

void StoreKeepingExpiry(CommandContext& context, std::string_view key, const Entry* entry,
                        std::string_view value) {
  const std::optional<int64_t> expires = entry == nullptr ? std::nullopt : entry->expires_at_ms;
  StoreString(context.state, context.node, key, value, expires);
}

bool IsLengthAllowed(CommandContext& context, int64_t offset, size_t more) {
  if (more <= kStringBytesMax && offset <= kStringBytesMax - static_cast<int64_t>(more)) {
    return true;
  }
  context.reply.Error("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
  return false;
}

std::optional<ExpiryOption> TakeExpiryOption(std::span<const std::string_view> words, size_t& index,
                                             const std::optional<ExpiryOption>& before) {
  if (index + 1 >= words.size()) return std::nullopt;
  for (std::string_view unit : {"EX", "PX", "EXAT", "PXAT"}) {
    if (!IsWord(words[index], unit)) continue;
    if (before && before->unit != unit) return std::nullopt;
    return ExpiryOption{.unit = unit, .amount = words[++index]};
  }
  return std::nullopt;
}

std::optional<int64_t> ParseExpiry(CommandContext& context, const ExpiryOption& option) {
  std::optional<int64_t> amount = ParseInteger(option.amount);
  if (!amount) {
    context.reply.Error(kNotAnInteger);
    return std::nullopt;
  }
  constexpr int64_t kGreatest = std::numeric_limits<int64_t>::max();
  const int64_t start = option.IsAbsolute() ? 0 : context.state.now_ms;
  const int64_t unit = option.IsInSeconds() ? 1000 : 1;
  if (*amount <= 0 || *amount > kGreatest / unit || *amount * unit > kGreatest - start) {
    context.reply.Error("ERR invalid expire time in '" + std::string(context.command.name) +
                        "' command");
    return std::nullopt;
  }
  return *amount * unit + start;
}

}  // namespace mockcluster::inline v0
