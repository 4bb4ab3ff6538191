#include "core/server_version.h"

#include <charconv>
#include <optional>
#include <utility>

namespace atestore::inline v0 {
namespace {

using MajorMinor = std::pair<int, int>;

std::optional<MajorMinor> VersionAfter(std::string_view info, std::string_view name) {
  size_t at = info.find(name);
  if (at == std::string_view::npos || (at > 0 && info[at - 1] != '\n')) return std::nullopt;
  const char* begin = info.data() + at + name.size();
  const char* const end = info.data() + info.size();
  MajorMinor version;
  auto major = std::from_chars(begin, end, version.first);
  if (major.ec != std::errc() || major.ptr == end || *major.ptr != '.') return std::nullopt;
  auto minor = std::from_chars(major.ptr + 1, end, version.second);
  if (minor.ec != std::errc()) return std::nullopt;
  return version;
}

}  // namespace

bool HasPerSlotTables(std::string_view info) {
  if (auto valkey = VersionAfter(info, "valkey_version:")) return *valkey >= MajorMinor{8, 0};
  if (auto redis = VersionAfter(info, "redis_version:")) return *redis >= MajorMinor{7, 4};
  return false;
}

}  // namespace atestore::inline v0
