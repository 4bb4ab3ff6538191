// Mistakes that the properties of records must catch, each within a bounded number of cases.
#include <gtest/gtest.h>

#include <iostream>
#include <string>

#include "tests/property/record_world.h"

namespace atestore {
namespace {

constexpr uint64_t kCasesMax = 2000;

// The number of the first case that `fails`; kCasesMax: none did.
template <typename Fails>
uint64_t FirstCaught(WriteMistake mistake, Fails fails) {
  for (uint64_t seed = 1; seed < kCasesMax; ++seed) {
    RecordCase c = RecordCase::Generate(seed);
    c.mistake = mistake;
    if (!fails(c)) continue;
    std::cout << "caught by case " << seed << "\n";
    return seed;
  }
  return kCasesMax;
}

bool BreaksAHistory(const RecordCase& c) { return !IsLinearizable(RunRecordHistory(c).history); }
bool BreaksAnAtespace(const RecordCase& c) { return !RunAtespaceHistory(c).empty(); }

TEST(RecordControls, RetryingBlindlyIsCaught) {
  EXPECT_LT(FirstCaught(WriteMistake::kRetryBlindly, BreaksAHistory), kCasesMax);
}

TEST(RecordControls, IgnoringErrorsInsideExecIsCaught) {
  EXPECT_LT(FirstCaught(WriteMistake::kIgnoreInnerErrors, BreaksAHistory), kCasesMax);
}

TEST(RecordControls, RewritingTheWholeRecordIsCaught) {
  EXPECT_LT(FirstCaught(WriteMistake::kRewriteRecord, BreaksAHistory), kCasesMax);
}

TEST(RecordControls, WritingWithoutWatchIsCaught) {
  EXPECT_LT(FirstCaught(WriteMistake::kNoWatch, BreaksAHistory), kCasesMax);
}

// What is still on its way when its sender has given up must find its WATCH broken.
TEST(RecordControls, WritingWithoutWatchIsCaughtByLateRequestsAlone) {
  auto breaks_when_late = [](RecordCase c) {
    c.faults_per_1000_commands = 0;
    c.requests = {.late_per_1000 = 300};
    c.programs = 2;
    return BreaksAHistory(c);
  };
  EXPECT_LT(FirstCaught(WriteMistake::kNoWatch, breaks_when_late), kCasesMax);
}

TEST(RecordControls, CreatingWithoutASecondLookAtTheAtespaceIsCaught) {
  EXPECT_LT(FirstCaught(WriteMistake::kNoSecondLook, BreaksAnAtespace), kCasesMax);
}

WriteOperation Done(WriteKind kind, size_t began, size_t ended) {
  return {.kind = kind, .argument = 0, .began = began, .ended = ended};
}

TEST(WriteHistoryTest, TellsOrdersThatExistFromOthers) {
  WriteOperation create = Done(WriteKind::kCreate, 1, 2);
  WriteOperation removed = Done(WriteKind::kDelete, 3, 6);
  WriteOperation again = Done(WriteKind::kDelete, 4, 5);
  EXPECT_TRUE(IsLinearizable({create, removed}));
  EXPECT_FALSE(IsLinearizable({create, removed, again})) << "one record, deleted twice";
  again.result = WriteResult::kUnknown;
  EXPECT_TRUE(IsLinearizable({create, removed, again}));
  again.result = WriteResult::kAbsent;
  EXPECT_TRUE(IsLinearizable({create, removed, again})) << "overlapping: after the other one";
  again.began = 3;
  again.ended = 4;
  removed.began = 5;
  EXPECT_FALSE(IsLinearizable({create, removed, again})) << "before it";
  WriteOperation read = Done(WriteKind::kRead, 7, 8);
  read.seen = {.exists = true, .version = 1};
  EXPECT_FALSE(IsLinearizable({create, removed, read}));
  removed.result = WriteResult::kUnknown;
  EXPECT_TRUE(IsLinearizable({create, removed, read}));
}

}  // namespace
}  // namespace atestore
