// Each acknowledged write has its effect exactly once, in an order that exists, whatever happens to
// requests, replies and the cluster. A longer run: ATESTORE_RECORD_HISTORIES=100000.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <string>

#include "tests/property/record_world.h"

namespace atestore {
namespace {

// NOLINTBEGIN(concurrency-mt-unsafe): there is no other thread yet
uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}
// NOLINTEND(concurrency-mt-unsafe)

const uint64_t kHistories = FromEnvironment("ATESTORE_RECORD_HISTORIES", RECORD_HISTORIES);
const uint64_t kFirstSeed = FromEnvironment("ATESTORE_RECORD_SEED", 1);
// Fewer histories repeat a failure; how much happens in them says nothing about the generator.
constexpr uint64_t kHistoriesToJudgeMin = 100;

TEST(RecordsProperty, EachAcknowledgedWriteHappensOnce) {
  size_t operations = 0;
  size_t unknown = 0;
  size_t faults = 0;
  size_t late = 0;
  for (uint64_t seed = kFirstSeed; seed < kFirstSeed + kHistories; ++seed) {
    const RecordCase c = RecordCase::Generate(seed);
    const RecordRun run = RunRecordHistory(c);
    operations += run.history.size();
    for (const WriteOperation& operation : run.history) {
      unknown += operation.result == WriteResult::kUnknown ? 1 : 0;
    }
    faults += run.faults;
    late += run.late;
    ASSERT_TRUE(IsLinearizable(run.history)) << c << "\n" << Describe(run.history);
  }
  std::cout << kHistories << " histories from seed " << kFirstSeed << ": " << operations
            << " operations, " << unknown << " of unknown outcome, " << faults << " faults, "
            << late << " requests that arrived late\n";
  if (kHistories < kHistoriesToJudgeMin) return;
  // Otherwise the cases are too tame.
  EXPECT_GT(unknown * 100, operations);
  EXPECT_GT(faults, kHistories / 2);
  EXPECT_GT(late, kHistories / 10);
}

TEST(RecordsProperty, NoActorIsAcknowledgedInADeletedAtespace) {
  for (uint64_t seed = kFirstSeed; seed < kFirstSeed + kHistories; ++seed) {
    const RecordCase c = RecordCase::Generate(seed);
    const std::string wrong = RunAtespaceHistory(c);
    ASSERT_EQ(wrong, "") << c;
  }
}

}  // namespace
}  // namespace atestore
