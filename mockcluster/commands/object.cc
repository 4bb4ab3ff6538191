#include <limits>

#include "mockcluster/commands/arguments.h"
#include "mockcluster/commands/data_handlers.h"
#include "mockcluster/commands/handlers.h"
#include "mockcluster/node/data.h"

// OBJECT: how a server stores a value; and the moment at which a key expires.
namespace mockcluster::inline v0 {
namespace {

// Null after a reply.
const Entry* FindObject(CommandContext& context) {
  const Entry* entry = FindLive(context.state, context.node, context.arguments[2]);
  if (entry == nullptr) context.reply.Null();
  return entry;
}

// As a server stores a string that SET wrote; it remembers more of APPEND and SETRANGE.
std::string_view StringEncoding(std::string_view value) {
  constexpr size_t kEmbeddedBytesMax = 44;
  if (ParseInteger(value)) return "int";
  return value.size() <= kEmbeddedBytesMax ? "embstr" : "raw";
}

std::string_view Encoding(const Entry& entry) {
  switch (entry.type) {
    case ValueType::kString:
      return StringEncoding(entry.value);
    case ValueType::kStream:
      return "stream";
    case ValueType::kList:
    case ValueType::kSet:
    case ValueType::kZset:
    case ValueType::kHash:
      return "listpack";
  }
  return "raw";
}

// The moment of expiry in milliseconds since 1970; −1: no expiry, −2: no such key.
int64_t ExpiryMoment(CommandContext& context) {
  const Entry* entry = FindLive(context.state, context.node, context.arguments[1]);
  if (entry == nullptr) return -2;
  return entry->expires_at_ms.value_or(-1);
}

}  // namespace

void ObjectEncoding(CommandContext& context) {
  if (const Entry* entry = FindObject(context)) context.reply.Bulk(Encoding(*entry));
}

void ObjectRefcount(CommandContext& context) {
  constexpr int64_t kSharedIntegers = 10'000;  // small integers are one object for all keys
  const Entry* entry = FindObject(context);
  if (entry == nullptr) return;
  std::optional<int64_t> number = ParseInteger(entry->value);
  const bool shared = number && *number >= 0 && *number < kSharedIntegers;
  context.reply.Integer(shared ? std::numeric_limits<int32_t>::max() : 1);
}

void ObjectFreq(CommandContext& context) {
  if (FindObject(context) == nullptr) return;
  context.reply.Error(
      "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that "
      "when switching between policies at runtime LRU and LFU data will take some time to adjust.");
}

void ExpireTime(CommandContext& context) {
  const int64_t moment_ms = ExpiryMoment(context);
  context.reply.Integer(moment_ms < 0 ? moment_ms : (moment_ms + 500) / 1000);
}

void PexpireTime(CommandContext& context) { context.reply.Integer(ExpiryMoment(context)); }

}  // namespace mockcluster::inline v0
