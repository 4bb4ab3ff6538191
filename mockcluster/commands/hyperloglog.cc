#include <string_view>

#include "mockcluster/commands/data_handlers.h"
#include "mockcluster/commands/string_access.h"

// A HyperLogLog is a string with a header; there are none here, as no command makes one. PFCOUNT
// exists because servers treat it as a write that changes nothing (CMD_MAY_REPLICATE).
namespace mockcluster::inline v0 {
namespace {

// isHLLObjectOrReply: a magic word, an encoding of 0 or 1; the dense one (0) has a fixed size.
bool IsHyperLogLog(std::string_view value) {
  constexpr std::string_view kMagic = "HYLL";
  constexpr size_t kHeaderBytes = 16;
  constexpr size_t kDenseBytes = kHeaderBytes + 16384 * 6 / 8;
  if (value.size() < kHeaderBytes || !value.starts_with(kMagic)) return false;
  return value[4] == 1 || (value[4] == 0 && value.size() == kDenseBytes);
}

}  // namespace

void PfCount(CommandContext& context) {
  for (std::string_view key : context.arguments.subspan(1)) {
    bool failed = false;
    const Entry* entry = FindString(context, key, failed);
    if (failed) return;
    if (entry == nullptr) continue;
    return context.reply.Error(IsHyperLogLog(entry->value)
                                   ? "ERR mockcluster counts no HyperLogLog"
                                   : "WRONGTYPE Key is not a valid HyperLogLog string value.");
  }
  context.reply.Integer(0);
}

}  // namespace mockcluster::inline v0
