#include <CLI/CLI.hpp>
#include <functional>
#include <iostream>
#include <string>
#include <utility>

#include "apps/ate-bench/benchmarks.h"
#include "apps/cli/finite_number.h"
#include "apps/cli/print_text.h"
#include "apps/cli/whole_number.h"

namespace atestore {
namespace {

using Run = std::function<absl::StatusOr<Report>()>;

// The options and sub-commands of the command line.
class CommandLine {
 public:
  CommandLine() {
    app_.require_subcommand(1);
    AddPopulate();
    AddRaw();
    AddList();
    Add("scoped", "one atespace, against a loop whose COUNT is the room left on the page",
        [this] { return BenchScoped(options_); });
    AddGrpc();
    AddImpact();
    AddSynthetic();
    AddMemory();
    AddNetwork();
  }

  int Main(int argc, char** argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      return cli::ExitAfter(app_, error);
    }
    absl::StatusOr<Report> report = run_();
    if (!report.ok()) {
      std::cerr << "ate-bench: " << report.status().message() << "\n";
      return 1;
    }
    return cli::PrintText("ate-bench", json_ ? report->AsJson() : report->AsTable());
  }

 private:
  CLI::App* Add(const std::string& name, const std::string& help, Run run) {
    CLI::App* command = AddWithoutCluster(name, help, std::move(run));
    command
        ->add_option("--redis-cluster-address", options_.addresses,
                     "host:port of cluster nodes, separated by commas")
        ->delimiter(',')
        ->required();
    command->add_option("--atespace", options_.atespace, "only this one");
    return command;
  }

  CLI::App* AddWithoutCluster(const std::string& name, const std::string& help, Run run) {
    CLI::App* command = app_.add_subcommand(name, help);
    command->add_option("--page-size", options_.page_size, "actors (or keys) per page")
        ->transform(WholeNumber(1, 1000));
    command->add_flag("--json", json_, "one line of JSON");
    command->callback([this, run = std::move(run)] { run_ = run; });
    return command;
  }

  void AddPopulate() {
    CLI::App* command = Add("populate", "writes actors and their atespaces",
                            [this] { return Populate(options_, populate_); });
    command->add_option("--actors", populate_.actors, "how many")
        ->transform(WholeNumber(0, INT64_MAX));
    command->add_option("--atespaces", populate_.atespaces, "how many")
        ->transform(WholeNumber(1, INT64_MAX));
  }

  void AddList() {
    CLI::App* command = Add("list", "one listing through the store, decoded and prefetched",
                            [this] { return BenchList(options_, page_by_page_); });
    AddPageByPage(command);
  }

  void AddPageByPage(CLI::App* command) {
    command->add_flag("--page-by-page", page_by_page_, "one call per page, nothing prefetched");
  }

  void AddRaw() {
    CLI::App* command = Add("raw", "the baseline: SCAN and pipelined GET per node, not decoded",
                            [this] { return BenchRaw(options_, overlap_); });
    command->add_flag("--overlap", overlap_, "send the next SCAN together with the GETs");
  }

  void AddGrpc() {
    CLI::App* command = Add("grpc", "one listing through ateapi over gRPC",
                            [this] { return BenchGrpc(options_, page_by_page_, endpoint_); });
    AddPageByPage(command);
    command->add_option("--endpoint", endpoint_, "a running ateapi; default: start one");
  }

  void AddImpact() {
    CLI::App* command = Add("impact", "latency of foreground GETs without and with a listing",
                            [this] { return BenchImpact(options_, impact_); });
    command->add_option("--seconds", impact_.seconds, "per phase")->check(FiniteNumber(0.1, 3600));
    command->add_option("--clients", impact_.clients, "foreground connections")
        ->transform(WholeNumber(1, 1000));
  }

  void AddMemory() {
    CLI::App* command =
        Add("memory", "listings from a separate ateapi: peak memory, latency of pages",
            [this] { return BenchMemory(options_, memory_); });
    command->add_option("--times", memory_.times, "how many listings")
        ->transform(WholeNumber(1, 1'000'000));
    command
        ->add_option("--against", memory_.against,
                     "host:port of nodes of a second cluster, listed in turns with the first")
        ->delimiter(',');
  }

  void AddNetwork() {
    CLI::App* command =
        Add("network", "listings with a proxy for each node that delays the round trip",
            [this] { return BenchNetwork(options_, network_); });
    command->add_option("--round-trips", network_.round_trips_ms, "in ms, separated by commas")
        ->delimiter(',')
        ->check(FiniteNumber(0, 1000));
    command->add_option("--width", network_.width, "parts of the wide listing")
        ->transform(WholeNumber(2, 64));
    command
        ->add_option("--rate", network_.megabytes_per_second,
                     "MB a second that a node lets through, in a further measurement; 0: none")
        ->check(FiniteNumber(0, 10'000));
    command->add_option("--times", network_.times, "how often, in turns; the best counts")
        ->transform(WholeNumber(1, 1000));
  }

  void AddSynthetic() {
    CLI::App* command =
        AddWithoutCluster("synthetic", "pages of computed actors in an emulated cluster",
                          [this] { return BenchSynthetic(options_, synthetic_); });
    command->add_option("--actors", synthetic_.actors, "how many")
        ->transform(WholeNumber(1, INT64_MAX));
    command->add_option("--pages", synthetic_.pages, "pages to measure at each place")
        ->transform(WholeNumber(1, INT64_MAX));
  }

  CLI::App app_{"Benchmarks of atestore against a Redis or Valkey cluster", "ate-bench"};
  BenchOptions options_;
  PopulateOptions populate_;
  ImpactOptions impact_;
  SyntheticOptions synthetic_;
  std::string endpoint_;
  MemoryOptions memory_;
  NetworkOptions network_;
  bool page_by_page_ = false;
  bool overlap_ = false;
  bool json_ = false;
  Run run_;
};

}  // namespace
}  // namespace atestore

int main(int argc, char** argv) { return atestore::CommandLine().Main(argc, argv); }
