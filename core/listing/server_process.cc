#include "core/listing/server_process.h"

#include <charconv>

#include "core/position.h"

namespace atestore {
namespace {

// What follows `name` on the line of INFO that begins with it.
std::optional<std::string_view> FieldOfInfo(std::string_view info, std::string_view name) {
  while (!info.empty()) {
    size_t line_end = info.find("\r\n");
    std::string_view line = info.substr(0, line_end);
    if (line.starts_with(name)) return line.substr(name.size());
    info.remove_prefix(line_end == std::string_view::npos ? info.size() : line_end + 2);
  }
  return std::nullopt;
}

}  // namespace

std::optional<uint64_t> RunOfInfo(std::string_view info) {
  std::optional<std::string_view> run_id = FieldOfInfo(info, "run_id:");
  if (!run_id || run_id->empty()) return std::nullopt;
  return HashName(*run_id);
}

std::optional<MigrationFence> MigrationFence::FromInfo(std::string_view info) {
  std::optional<uint64_t> run = RunOfInfo(info);
  if (!run) return std::nullopt;
  MigrationFence fence{.run = *run};
  // Not listed before the first call.
  if (auto calls = FieldOfInfo(info, "cmdstat_cluster|setslot:calls=")) {
    std::from_chars(calls->data(), calls->data() + calls->size(), fence.setslot_calls);
  }
  return fence;
}

}  // namespace atestore
