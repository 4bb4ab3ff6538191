// Every small world up to a number of events, or one of them again; see docs/testing.md.
#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "tests/worlds/world_search.h"

namespace atestore {
namespace {

struct Flags {
  size_t events = 3;
  double minutes = 0;
  std::vector<std::string> setups;
  std::vector<std::string> without;
  std::string replay;
  bool keep_going = false;
};

std::optional<EventKind> KindOfName(const std::string& name) {
  for (const Event& event : EventsOf(1, 1)) {
    if (KeyOf(event.kind) == name) return event.kind;
  }
  return std::nullopt;
}

std::string KindsOf(const std::vector<PlacedEvent>& events) {
  std::string kinds;
  for (const PlacedEvent& placed : events) {
    kinds += (kinds.empty() ? "" : " ") + ToString(placed.event);
  }
  return kinds;
}

int Search(const Flags& flags, const std::vector<WorldSetup>& setups) {
  using Clock = std::chrono::steady_clock;
  const std::chrono::duration<double> share(flags.minutes * 60 /
                                            static_cast<double>(setups.size()));
  bool violated = false;
  for (const WorldSetup& setup : setups) {
    const auto end = Clock::now() + share;
    SearchOptions options{
        .setup = setup, .events_max = flags.events, .keep_going = flags.keep_going, .is_over = [&] {
          return flags.minutes > 0 && Clock::now() >= end;
        }};
    for (const std::string& name : flags.without) {
      if (auto kind = KindOfName(name)) options.without.push_back(*kind);
    }
    const auto started = Clock::now();
    const SearchResult result = WorldSearch(options).Run();
    const std::chrono::duration<double> seconds = Clock::now() - started;
    std::cout << ToString(setup) << ": " << result.worlds << " worlds of up to " << flags.events
              << " events, " << result.states << " states, cut: " << result.cut_known << " known, "
              << result.cut_unseen << " unseen, " << result.cut_refused << " refused; "
              << result.completed << " listings ended, " << result.broken << " on broken clusters; "
              << seconds.count() << " s" << (result.is_complete ? "" : ", not complete")
              << std::endl;
    std::map<std::string, size_t> alike;
    for (const WorldViolation& violation : result.violations) {
      violated = true;
      if (++alike[KindsOf(violation.events) + " " + violation.what] > 1) continue;
      std::cout << "VIOLATION " << violation.what << "\n  --replay '" << ToString(setup) << " "
                << ToString(violation.events) << "'" << std::endl;
    }
    if (violated) std::cout << result.violations.size() << " violations" << std::endl;
    if (violated && !flags.keep_going) return 1;
  }
  return violated ? 1 : 0;
}

std::optional<WorldSetup> SetupOfName(std::string_view name) {
  for (const WorldSetup& setup : AllSetups()) {
    if (ToString(setup) == name) return setup;
  }
  return std::nullopt;
}

int Replay(const std::string& world) {
  const size_t space = world.find(' ');
  const std::optional<WorldSetup> setup = SetupOfName(world.substr(0, space));
  const auto events = ParseEvents(space == std::string::npos ? "" : world.substr(space + 1));
  if (!setup || !events) {
    std::cerr << "small_worlds: \"" << world << "\" is not a world\n";
    return 2;
  }
  return ReplayWorld(*setup, {}, *events, std::cout).violation ? 1 : 0;
}

int Main(int argc, char** argv) {
  Flags flags;
  CLI::App app("Every listing through every placement of a few events");
  app.add_option("--events", flags.events, "most events of a world (3)");
  app.add_option("--minutes", flags.minutes,
                 "end the search after so long, an equal part for each setup");
  app.add_option("--setup", flags.setups, "only these, as \"valkey80-half-large\"");
  app.add_option("--without", flags.without, "kinds of events that do not happen");
  app.add_option("--replay", flags.replay, "run one world, as a violation names it");
  app.add_flag("--keep-going", flags.keep_going, "go on after a violation");
  CLI11_PARSE(app, argc, argv);
  if (!flags.replay.empty()) return Replay(flags.replay);
  std::vector<WorldSetup> setups;
  for (const std::string& name : flags.setups) {
    std::optional<WorldSetup> setup = SetupOfName(name);
    if (!setup) {
      std::cerr << "small_worlds: there is no setup \"" << name << "\"\n";
      return 2;
    }
    setups.push_back(*setup);
  }
  for (const std::string& name : flags.without) {
    if (KindOfName(name)) continue;
    std::cerr << "small_worlds: there is no event \"" << name << "\"\n";
    return 2;
  }
  return Search(flags, setups.empty() ? AllSetups() : setups);
}

}  // namespace
}  // namespace atestore

int main(int argc, char** argv) { return atestore::Main(argc, argv); }
