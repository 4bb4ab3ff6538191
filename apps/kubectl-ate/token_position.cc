#include "apps/kubectl-ate/token_position.h"

#include <string>

#include "absl/strings/escaping.h"
#include "core/slot.h"
#include "core/status.h"
#include "proto/page_token.pb.h"

namespace atestore::cli {
namespace {

constexpr char kVersion = 1;
constexpr size_t kHeaderBytes = 3;  // version, key id, length of the payload

}  // namespace

std::optional<uint32_t> SlotsAhead(std::string_view page_token) {
  if (page_token.empty()) return kSlotCount;
  std::string bytes;
  if (!absl::WebSafeBase64Unescape(ToAbsl(page_token), &bytes)) return std::nullopt;
  if (bytes.size() < kHeaderBytes || bytes[0] != kVersion) return std::nullopt;
  const size_t length = static_cast<unsigned char>(bytes[2]);
  if (bytes.size() < kHeaderBytes + length) return std::nullopt;
  PageTokenPayload payload;
  if (!payload.ParseFromString(bytes.substr(kHeaderBytes, length))) return std::nullopt;
  const uint32_t end = payload.end() == 0 ? kSlotCount : payload.end();
  if (end > kSlotCount || payload.slot() >= end) return std::nullopt;
  return end - payload.slot();
}

}  // namespace atestore::cli
