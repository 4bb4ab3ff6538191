// Listings of real clusters under many faults at once, judged by a client that shares no code with
// the store. Prints the seed first, then a table for each server and a line of JSON; exit status 1
// at a broken promise, or when a planned fault could not be made to happen.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "tests/soak/nemesis_run.h"
#include "tests/support/require_server.h"

namespace atestore {
namespace {

struct Flags {
  std::vector<ServerKind> servers;
  double minutes = 0;
  size_t rounds = 2;
  uint64_t seed = 1;
  std::string replay;
  std::string schedule_folder = std::filesystem::temp_directory_path().string();
  bool naive = false;
  bool store_churn = false;
  bool go_on = false;
};

// Where the played schedule stands, so that it can be replayed; beside it, with ".log", what
// happened in the round that broke a promise.
std::string Keep(const Flags& flags, ServerKind kind, const NemesisResult& result) {
  const std::filesystem::path path =
      std::filesystem::path(flags.schedule_folder) /
      ("nemesis-" + std::to_string(static_cast<int>(kind)) + "-" + std::to_string(flags.seed));
  std::ofstream(path) << FormatSchedule(result.schedule);
  std::ofstream log(path.string() + ".log");
  for (const auto* lines : {&result.violations, &result.trace}) {
    for (const std::string& line : *lines) log << line << "\n";
  }
  return path.string();
}

using Results = std::map<ServerKind, NemesisResult>;

bool RunOne(const Flags& flags, ServerKind kind, const std::optional<NemesisSchedule>& replay,
            Results& results) {
  if (!FindServer(kind)) {
    const bool must = MustBeInstalled(kind);
    std::printf("nemesis: %s: %s is not installed\n", must ? "FAILED" : "SKIPPED",
                std::string(ToString(kind)).c_str());
    return !must;
  }
  NemesisOptions options{.kind = kind,
                         .seed = flags.seed,
                         .rounds_min = flags.rounds,
                         .time = absl::Minutes(flags.minutes),
                         .replay = replay,
                         .stop_at_violation = !flags.go_on};
  if (flags.naive) options.lister = NemesisOptions::Lister::kNaive;
  if (flags.store_churn) options.churn = NemesisOptions::Churn::kStore;
  options.log = [](const std::string& line) {
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
  };
  const NemesisResult result = RunNemesis(options);
  std::fputs(NemesisTable(kind, result).c_str(), stdout);
  for (const auto& [what, times] : result.refused) {
    std::printf("  %zu × %s\n", times, what.c_str());
  }
  std::fputs(NemesisSummary(kind, flags.seed, result).c_str(), stdout);
  bool good = result.status.ok() && result.Holds();
  for (const NemesisFault fault : result.NeverHappened()) {
    std::printf("FAILED: %s was planned and did not happen, not even to a settled cluster\n",
                std::string(ToString(fault)).c_str());
    good = false;
  }
  if (!result.status.ok()) std::printf("FAILED: %s\n", result.status.ToString().c_str());
  for (const std::string& violation : result.violations) {
    std::printf("VIOLATION: %s\n", violation.c_str());
  }
  if (!good) std::printf("replay: nemesis --replay %s\n", Keep(flags, kind, result).c_str());
  std::fflush(stdout);
  results[kind] = result;
  return good;
}

int RunAll(const Flags& flags) {
  std::printf("nemesis: seed %llu\n", static_cast<unsigned long long>(flags.seed));
  Results results;
  if (!flags.replay.empty()) {
    std::ostringstream text;
    text << std::ifstream(flags.replay).rdbuf();
    absl::StatusOr<NemesisSchedule> schedule = ParseSchedule(text.str());
    if (!schedule.ok()) {
      std::fprintf(stderr, "nemesis: %s\n", schedule.status().ToString().c_str());
      return 2;
    }
    return RunOne(flags, schedule->kind, *schedule, results) ? 0 : 1;
  }
  bool good = true;
  for (const ServerKind kind : flags.servers.empty() ? AllServerKinds() : flags.servers) {
    good = RunOne(flags, kind, std::nullopt, results) && good;
  }
  if (results.size() > 1) std::fputs(NemesisMatrix(results).c_str(), stdout);
  return good ? 0 : 1;
}

}  // namespace
}  // namespace atestore

int main(int argc, char** argv) {
  atestore::Flags flags;
  CLI::App app("Lists real clusters while many things happen to them at once.");
  app.add_option("--server", flags.servers, "which; all when none is given")
      ->transform(CLI::CheckedTransformer(std::map<std::string, atestore::ServerKind>{
          {"redis", atestore::ServerKind::kRedis},
          {"valkey", atestore::ServerKind::kValkey},
          {"valkey91", atestore::ServerKind::kValkey91}}));
  app.add_option("--minutes", flags.minutes, "of each server");
  app.add_option("--rounds", flags.rounds, "at least, of each server");
  app.add_option("--seed", flags.seed, "of the order of faults");
  app.add_option("--replay", flags.replay, "a schedule that a run has printed")
      ->check(CLI::ExistingFile);
  app.add_option("--schedules", flags.schedule_folder, "where failing schedules are written")
      ->check(CLI::ExistingDirectory);
  app.add_flag("--naive", flags.naive, "negative control: list by SCAN, node after node");
  app.add_flag("--store-churn", flags.store_churn, "change actors through the store");
  app.add_flag("--go-on", flags.go_on, "also after a violation");
  CLI11_PARSE(app, argc, argv);
  return atestore::RunAll(flags);
}
