#include <algorithm>
#include <string>

#include "mockcluster/commands/arguments.h"
#include "mockcluster/commands/data_handlers.h"
#include "mockcluster/commands/handlers.h"
#include "mockcluster/commands/string_access.h"
#include "mockcluster/node/data.h"

// Parts of strings: ranges of bytes, and single bits.
namespace mockcluster::inline v0 {
namespace {

constexpr std::string_view kBadBit = "ERR bit is not an integer or out of range";

// A bit of a string: bits of a byte are counted from the highest.
struct BitPosition {
  size_t byte;
  uint8_t mask;
};

// nullopt after an error reply.
std::optional<BitPosition> ParseBit(CommandContext& context, std::string_view text) {
  std::optional<int64_t> offset = ParseInteger(text);
  if (!offset || *offset < 0 || *offset / 8 >= kStringBytesMax) {
    context.reply.Error("ERR bit offset is not an integer or out of range");
    return std::nullopt;
  }
  return BitPosition{.byte = static_cast<size_t>(*offset / 8),
                     .mask = static_cast<uint8_t>(0x80 >> (*offset % 8))};
}

bool IsSet(std::string_view value, BitPosition bit) {
  return bit.byte < value.size() && (static_cast<uint8_t>(value[bit.byte]) & bit.mask) != 0;
}

// The part from `first` to `last`, both included; negative ones count from the end.
std::string_view Part(std::string_view value, int64_t first, int64_t last) {
  if (first < 0 && last < 0 && first > last) return {};
  const int64_t size = static_cast<int64_t>(value.size());
  if (first < 0) first = std::max<int64_t>(0, first + size);
  if (last < 0) last = std::max<int64_t>(0, last + size);
  last = std::min(last, size - 1);
  if (first > last) return {};
  return value.substr(static_cast<size_t>(first), static_cast<size_t>(last - first + 1));
}

}  // namespace

void GetRange(CommandContext& context) {
  std::optional<int64_t> first = ParseInteger(context.arguments[2]);
  std::optional<int64_t> last = ParseInteger(context.arguments[3]);
  if (!first || !last) {
    context.reply.Error(kNotAnInteger);
    return;
  }
  bool failed = false;
  const Entry* entry = FindString(context, context.arguments[1], failed);
  if (failed) return;
  context.reply.Bulk(entry == nullptr ? std::string_view() : Part(entry->value, *first, *last));
}

void SetRange(CommandContext& context) {
  std::optional<int64_t> offset = ParseInteger(context.arguments[2]);
  if (!offset) {
    context.reply.Error(kNotAnInteger);
    return;
  }
  if (*offset < 0) {
    context.reply.Error("ERR offset is out of range");
    return;
  }
  bool failed = false;
  const Entry* entry = FindString(context, context.arguments[1], failed);
  if (failed) return;
  const std::string_view part = context.arguments[3];
  std::string value = entry == nullptr ? "" : entry->value;
  if (!part.empty()) {
    if (!IsLengthAllowed(context, *offset, part.size())) return;
    const size_t begin = static_cast<size_t>(*offset);
    if (value.size() < begin + part.size()) value.resize(begin + part.size(), '\0');
    std::copy(part.begin(), part.end(), value.begin() + *offset);
    StoreKeepingExpiry(context, context.arguments[1], entry, value);
  }
  context.reply.Integer(static_cast<int64_t>(value.size()));
}

void GetBit(CommandContext& context) {
  std::optional<BitPosition> bit = ParseBit(context, context.arguments[2]);
  if (!bit) return;
  bool failed = false;
  const Entry* entry = FindString(context, context.arguments[1], failed);
  if (failed) return;
  context.reply.Integer(entry != nullptr && IsSet(entry->value, *bit) ? 1 : 0);
}

void SetBit(CommandContext& context) {
  std::optional<BitPosition> bit = ParseBit(context, context.arguments[2]);
  if (!bit) return;
  std::optional<int64_t> wanted = ParseInteger(context.arguments[3]);
  if (!wanted || (*wanted != 0 && *wanted != 1)) {
    context.reply.Error(kBadBit);
    return;
  }
  bool failed = false;
  const Entry* entry = FindString(context, context.arguments[1], failed);
  if (failed) return;
  std::string value = entry == nullptr ? "" : entry->value;
  const bool before = IsSet(value, *bit);
  const bool longer = bit->byte >= value.size();
  if (longer) value.resize(bit->byte + 1, '\0');
  if (longer || before != (*wanted == 1)) {
    value[bit->byte] =
        static_cast<char>(value[bit->byte] ^ (before != (*wanted == 1) ? bit->mask : 0));
    StoreKeepingExpiry(context, context.arguments[1], entry, value);
  }
  context.reply.Integer(before ? 1 : 0);
}

}  // namespace mockcluster::inline v0
