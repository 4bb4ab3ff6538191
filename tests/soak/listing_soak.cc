// Listings of real clusters through one fault after the other, drawn from a seed, until the time is
// over. Prints a row a run and the sums at the end; exit status 1 at the first broken promise.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>
#include <random>

#include "absl/time/clock.h"
#include "tests/support/faulted_listing.h"

namespace atestore {
namespace {

constexpr size_t kListingsMin = 3;
constexpr absl::Duration kRepeatLimit = absl::Seconds(10);

template <typename T>
const T& AnyOf(const std::vector<T>& all, std::mt19937_64& random) {
  return all[random() % all.size()];
}

FaultedListingOptions Draw(const std::vector<ServerKind>& kinds,
                           const std::vector<ClusterFault>& faults, std::mt19937_64& random) {
  static const std::vector<size_t> kActors{0, 200, 5'000, 30'000, 60'000};
  static const std::vector<size_t> kAtespaces{1, 30, 1'000};
  static const std::vector<int32_t> kPageSizes{7, 50, 100, 333, 1'000};
  FaultedListingOptions options{.kind = AnyOf(kinds, random),
                                .fault = AnyOf(faults, random),
                                .actors = AnyOf(kActors, random),
                                .atespaces = AnyOf(kAtespaces, random),
                                .page_size = AnyOf(kPageSizes, random)};
  // Sockets and threads for every page: not for ten thousands of them.
  options.store_per_page =
      random() % 2 == 0 && options.actors / static_cast<size_t>(options.page_size) < 200;
  return options;
}

absl::StatusOr<FaultTally> RunOnce(const FaultedListingOptions& options) {
  absl::StatusOr<std::unique_ptr<FaultedListing>> listing = FaultedListing::Start(options);
  if (!listing.ok()) return listing.status();
  absl::StatusOr<FaultTally> between = (*listing)->FaultBetweenPages();
  if (!between.ok()) return between.status();
  absl::StatusOr<FaultTally> during = (*listing)->FaultDuringPages(kListingsMin, kRepeatLimit);
  if (!during.ok()) return during.status();
  *during += *between;
  return during;
}

bool Holds(const FaultTally& tally) {
  return tally.missing == 0 && tally.duplicates == 0 && tally.violations == 0;
}

struct Sum {
  FaultedListingOptions options;
  FaultTally tally;
};

void PrintSums(const std::map<std::string, Sum>& sums) {
  std::printf("\n%s", FaultTableHeading().c_str());
  for (const auto& [name, sum] : sums) {
    std::fputs(FaultTableRow(sum.options, "all", sum.tally).c_str(), stdout);
  }
  std::fputs(FaultTableLegend().c_str(), stdout);
}

// The faults called `name`; all when it is empty.
std::vector<ClusterFault> FaultsCalled(const std::string& name) {
  std::vector<ClusterFault> faults = AllClusterFaults();
  std::erase_if(faults,
                [&](const ClusterFault& fault) { return !name.empty() && fault.name != name; });
  return faults;
}

int Soak(absl::Duration duration, uint64_t seed, const std::string& fault) {
  std::vector<ServerKind> kinds;
  for (ServerKind kind : AllServerKinds()) {
    if (FindServer(kind)) kinds.push_back(kind);
  }
  if (kinds.empty()) {
    std::fputs("listing_soak: no server is installed\n", stderr);
    return 1;
  }
  const std::vector<ClusterFault> faults = FaultsCalled(fault);
  if (faults.empty()) {
    std::fprintf(stderr, "listing_soak: --fault: no fault is called %s\n", fault.c_str());
    return 2;
  }
  std::mt19937_64 random(seed);
  std::map<std::string, Sum> sums;
  const absl::Time end = absl::Now() + duration;
  for (size_t run = 1; absl::Now() < end; ++run) {
    FaultedListingOptions options = Draw(kinds, faults, random);
    std::printf("run %zu: %s, %s, %zu actors, %zu atespaces, page size %d%s\n", run,
                options.fault.name.c_str(), std::string(ToString(options.kind)).c_str(),
                options.actors, options.atespaces, options.page_size,
                options.store_per_page ? ", a store for every page" : "");
    std::fflush(stdout);
    absl::StatusOr<FaultTally> tally = RunOnce(options);
    if (!tally.ok()) {
      std::printf("FAILED: %s (seed %llu, run %zu)\n", tally.status().ToString().c_str(),
                  static_cast<unsigned long long>(seed), run);
      PrintSums(sums);
      return 1;
    }
    std::fputs(FaultTableRow(options, "run", *tally).c_str(), stdout);
    Sum& sum = sums[options.fault.name + std::string(ToString(options.kind))];
    sum.options = options;
    sum.tally += *tally;
    if (!Holds(*tally)) {
      std::printf("VIOLATION in run %zu of seed %llu\n", run,
                  static_cast<unsigned long long>(seed));
      PrintSums(sums);
      return 1;
    }
  }
  PrintSums(sums);
  return 0;
}

}  // namespace
}  // namespace atestore

int main(int argc, char** argv) {
  CLI::App app{"Lists real clusters through faults until the time is over."};
  double minutes = 60;
  uint64_t seed = 1;
  app.add_option("--minutes", minutes, "how long")->check(CLI::PositiveNumber);
  app.add_option("--seed", seed, "of the order of faults and sizes");
  std::string fault;
  app.add_option("--fault", fault, "only this one, as the table calls it");
  CLI11_PARSE(app, argc, argv);
  return atestore::Soak(absl::Minutes(minutes), seed, fault);
}
