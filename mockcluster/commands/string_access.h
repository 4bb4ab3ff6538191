#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "mockcluster/commands/command.h"

// What the commands on strings have in common. Where a function says that it fails, it has written
// the error reply.
namespace mockcluster::inline v0 {

// proto-max-bulk-len: no string may be longer.
inline constexpr int64_t kStringBytesMax = 512 << 20;

// The entry of a string, or null; fails for every other type, and sets `failed`.
const Entry* FindString(CommandContext& context, std::string_view key, bool& failed);

// The value as a bulk string; null: no such key.
void ReplyValue(ReplyWriter& reply, const Entry* entry);

// Stores a value under a key that keeps its expiry. `entry` is the key's present entry, or null.
void StoreKeepingExpiry(CommandContext& context, std::string_view key, const Entry* entry,
                        std::string_view value);

// Whether a string of `offset` + `more` bytes is allowed; otherwise fails.
bool IsLengthAllowed(CommandContext& context, int64_t offset, size_t more);

// The options of SET and GETEX that set an expiry.
struct ExpiryOption {
  std::string_view unit;    // EX, PX, EXAT or PXAT
  std::string_view amount;  // as it was given
  bool IsAbsolute() const { return unit.size() == 4; }
  bool IsInSeconds() const { return unit.front() == 'E'; }
};

// The expiry option at `index` of `words`, if there is one, with its amount; moves `index` to the
// amount. An option replaces `before` only if it is the same one.
std::optional<ExpiryOption> TakeExpiryOption(std::span<const std::string_view> words, size_t& index,
                                             const std::optional<ExpiryOption>& before);

// The moment of expiry in milliseconds since 1970; nullopt: failed.
std::optional<int64_t> ParseExpiry(CommandContext& context, const ExpiryOption& option);

}  // namespace mockcluster::inline v0
