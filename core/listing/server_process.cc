#include "core/listing/server_process.h"

#include <charconv>

#include "core/position.h"

namespace atestore::inline v0 {
namespace {

// The rest of the line of INFO that begins with `name`.
std::optional<std::string_view> FieldOfInfo(std::string_view info, std::string_view name) {
  while (!info.empty()) {
    size_t line_end = info.find("\r\n");
    std::string_view line = info.substr(0, line_end);
    if (line.starts_with(name)) return line.substr(name.size());
    info.remove_prefix(line_end == std::string_view::npos ? info.size() : line_end + 2);
  }
  return std::nullopt;
}

// The number at the beginning of that rest.
std::optional<uint64_t> NumberOfInfo(std::string_view info, std::string_view name) {
  std::optional<std::string_view> field = FieldOfInfo(info, name);
  if (!field) return std::nullopt;
  uint64_t number = 0;
  auto [end, error] = std::from_chars(field->data(), field->data() + field->size(), number);
  if (error != std::errc()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<uint64_t> RunOfInfo(std::string_view info) {
  std::optional<std::string_view> run_id = FieldOfInfo(info, "run_id:");
  if (!run_id || run_id->empty()) return std::nullopt;
  return HashKey(*run_id);
}

bool ClusterIsOk(std::string_view cluster_info) {
  if (FieldOfInfo(cluster_info, "cluster_state:") != "ok") return false;
  // A sole primary needs no answer: its replicas cannot be elected without its vote.
  return FieldOfInfo(cluster_info, "cluster_size:") == "1" ||
         NumberOfInfo(cluster_info, "cluster_stats_messages_pong_received:").value_or(0) > 0;
}

bool HasLoaded(std::string_view info) { return FieldOfInfo(info, "loading:") == "0"; }

std::optional<MigrationFence> MigrationFence::FromInfo(std::string_view info) {
  std::optional<uint64_t> run = RunOfInfo(info);
  std::optional<uint64_t> commands = NumberOfInfo(info, "total_commands_processed:");
  if (!run || !commands) return std::nullopt;
  return MigrationFence{
      .run = *run,
      // INFO does not list the command before its first call.
      .setslot_calls = NumberOfInfo(info, "cmdstat_cluster|setslot:calls=").value_or(0),
      .commands = *commands,
      .resets = HashKey(FieldOfInfo(info, "cmdstat_config|resetstat:").value_or(""))};
}

}  // namespace atestore::inline v0
