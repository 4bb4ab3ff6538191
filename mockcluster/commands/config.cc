#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/glob.h"
#include "core/status.h"
#include "mockcluster/commands/arguments.h"
#include "mockcluster/commands/handlers.h"

// CONFIG: what is configured on a node, and its statistics.
namespace mockcluster::inline v0 {
namespace {

using Words = std::pair<std::string_view, std::string_view>;

// What benchmarks and clients ask for, and nothing changes.
constexpr std::array<Words, 7> kFixed = {{
    {"appendonly", "no"},
    {"cluster-enabled", "yes"},
    {"cluster-node-timeout", "15000"},
    {"databases", "16"},
    {"maxmemory-policy", "noeviction"},
    {"proto-max-bulk-len", "536870912"},
    {"save", ""},
}};

enum class Type { kYesNo, kNumber, kBytes };

struct Setting {
  std::string_view name;
  Type type;
  uint64_t (*get)(const NodeSettings&);
  void (*set)(NodeSettings&, uint64_t);
};

template <auto kMember>
constexpr Setting Make(std::string_view name, Type type) {
  return {name, type,
          [](const NodeSettings& settings) { return static_cast<uint64_t>(settings.*kMember); },
          [](NodeSettings& settings, uint64_t value) {
            settings.*kMember = static_cast<std::decay_t<decltype(settings.*kMember)>>(value);
          }};
}

constexpr std::array<Setting, 6> kSettings = {
    Make<&NodeSettings::allow_reads_when_down>("cluster-allow-reads-when-down", Type::kYesNo),
    Make<&NodeSettings::clients_max>("maxclients", Type::kNumber),
    Make<&NodeSettings::memory_bytes_max>("maxmemory", Type::kBytes),
    Make<&NodeSettings::replicas_to_write_min>("min-replicas-to-write", Type::kNumber),
    Make<&NodeSettings::replicas_to_write_min>("min-slaves-to-write", Type::kNumber),
    Make<&NodeSettings::stop_writes_on_save_error>("stop-writes-on-bgsave-error", Type::kYesNo),
};

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& letter : lower) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter + 32);
  }
  return lower;
}

std::string Show(const Setting& setting, const NodeSettings& settings) {
  const uint64_t value = setting.get(settings);
  if (setting.type == Type::kYesNo) return value != 0 ? "yes" : "no";
  return std::to_string(value);
}

// "10mb": units as in memtoull, of 1000 and 1024.
std::optional<uint64_t> ParseBytes(std::string_view text) {
  constexpr std::pair<std::string_view, uint64_t> kUnits[] = {{"", 1},
                                                              {"B", 1},
                                                              {"K", 1000},
                                                              {"KB", 1024},
                                                              {"M", 1000 * 1000},
                                                              {"MB", 1 << 20},
                                                              {"G", 1000'000'000},
                                                              {"GB", 1 << 30}};
  const size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
  std::optional<int64_t> number = ParseInteger(text.substr(0, end));
  if (!number) return std::nullopt;
  for (const auto& [unit, bytes] : kUnits) {
    if (IsWord(text.substr(end), unit)) return static_cast<uint64_t>(*number) * bytes;
  }
  return std::nullopt;
}

// The reason why `text` is no value of this type, or the value.
std::string_view Parse(Type type, std::string_view text, uint64_t& value) {
  std::optional<uint64_t> parsed;
  std::string_view error = "argument must be a memory value";
  if (type == Type::kYesNo) {
    error = "argument must be 'yes' or 'no'";
    if (IsWord(text, "YES")) parsed = 1;
    if (IsWord(text, "NO")) parsed = 0;
  } else if (type == Type::kNumber) {
    error = "argument couldn't be parsed into an integer";
    std::optional<int64_t> number = ParseInteger(text);
    if (number && *number >= 0) parsed = static_cast<uint64_t>(*number);
  } else {
    parsed = ParseBytes(text);
  }
  if (!parsed) return error;
  value = *parsed;
  return {};
}

// Applies one pair; the reason why it cannot, otherwise empty.
std::string_view Apply(std::string_view name, std::string_view text, NodeSettings& settings) {
  auto setting = std::find_if(kSettings.begin(), kSettings.end(),
                              [name](const Setting& one) { return one.name == name; });
  if (setting == kSettings.end()) return "can't set immutable config";
  uint64_t value = 0;
  std::string_view error = Parse(setting->type, text, value);
  if (error.empty()) setting->set(settings, value);
  return error;
}

bool IsKnown(std::string_view name) {
  auto named = [name](const auto& words) { return words.first == name; };
  return std::any_of(kFixed.begin(), kFixed.end(), named) ||
         std::any_of(kSettings.begin(), kSettings.end(),
                     [name](const Setting& setting) { return setting.name == name; });
}

}  // namespace

// A name without wildcards comes back as it was written.
void ConfigGet(CommandContext& context) {
  std::vector<std::pair<std::string_view, std::string>> all(kFixed.begin(), kFixed.end());
  for (const Setting& setting : kSettings) {
    all.emplace_back(setting.name, Show(setting, context.node.settings));
  }
  std::vector<std::pair<std::string_view, std::string>> found;
  for (auto& [name, value] : all) {
    for (std::string_view pattern : context.arguments.subspan(2)) {
      const std::string lower = Lower(pattern);
      if (!atestore::GlobMatch(lower, name)) continue;
      found.emplace_back(lower == name ? pattern : name, std::move(value));
      break;
    }
  }
  context.reply.Map(found.size());
  for (const auto& [name, value] : found) {
    context.reply.Bulk(name);
    context.reply.Bulk(value);
  }
}

// All pairs or none.
void ConfigSet(CommandContext& context) {
  std::span<const std::string_view> pairs = context.arguments.subspan(2);
  if (pairs.size() % 2 != 0) {
    context.reply.Error(kSyntaxError);
    return;
  }
  NodeSettings settings = context.node.settings;
  std::set<std::string> seen;
  for (size_t index = 0; index < pairs.size(); index += 2) {
    const std::string name = Lower(pairs[index]);
    if (!IsKnown(name)) {
      context.reply.Error("ERR Unknown option or number of arguments for CONFIG SET - '" +
                          std::string(pairs[index]) + "'");
      return;
    }
    std::string_view error = "duplicate parameter";
    if (seen.insert(name).second) error = Apply(name, pairs[index + 1], settings);
    if (!error.empty()) {
      context.reply.Error("ERR CONFIG SET failed (possibly related to argument '" + name + "') - " +
                          std::string(error));
      return;
    }
  }
  context.node.settings = settings;
  context.reply.Ok();
}

void ConfigResetStat(CommandContext& context) {
  Process& process = context.process;
  process.counters.clear();
  process.calls = 0;
  process.connections = 0;
  process.connections_rejected = 0;
  context.reply.Ok();
}

}  // namespace mockcluster::inline v0
