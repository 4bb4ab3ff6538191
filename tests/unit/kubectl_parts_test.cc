// What the threads of a listing in parts share: the queue, and what is left.
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "apps/kubectl-ate/bounded_queue.h"
#include "apps/kubectl-ate/remaining_parts.h"
#include "apps/kubectl-ate/token_position.h"
#include "core/page_token.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace atestore::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// ---- the queue ----

TEST(BoundedQueue, KeepsTheOrderAndEnds) {
  BoundedQueue<int> queue(100);
  EXPECT_TRUE(queue.Push(1, 40));
  EXPECT_TRUE(queue.Push(2, 60));
  queue.Finish();
  EXPECT_EQ(queue.Pop(), 1);
  EXPECT_EQ(queue.Pop(), 2);
  EXPECT_EQ(queue.Pop(), std::nullopt);
}

TEST(BoundedQueue, HoldsNoMoreThanItsBytes) {
  BoundedQueue<int> queue(100);
  std::mutex mutex;
  int pushed = 0;
  std::thread writer([&] {
    for (int i = 0; i < 1000; ++i) {
      queue.Push(i, 30);
      const std::lock_guard lock(mutex);
      pushed = i + 1;
    }
    queue.Finish();
  });
  int taken = 0;
  while (std::optional<int> item = queue.Pop()) {
    EXPECT_EQ(*item, taken++);
    const std::lock_guard lock(mutex);
    EXPECT_LE(pushed, taken + 3);
  }
  writer.join();
  EXPECT_EQ(taken, 1000);
}

TEST(BoundedQueue, LetsOneItemInThatIsLargerThanItself) {
  BoundedQueue<int> queue(100);
  EXPECT_TRUE(queue.Push(1, 1000));
  std::thread writer([&] { EXPECT_TRUE(queue.Push(2, 1000)); });
  EXPECT_EQ(queue.Pop(), 1);
  writer.join();
  EXPECT_EQ(queue.Pop(), 2);
}

TEST(BoundedQueue, ClosingLetsEverybodyGo) {
  BoundedQueue<int> queue(100);
  EXPECT_TRUE(queue.Push(1, 100));
  std::thread writer([&] { EXPECT_FALSE(queue.Push(2, 100)); });
  queue.Close();
  writer.join();
  EXPECT_EQ(queue.Pop(), std::nullopt);
  EXPECT_FALSE(queue.Push(3, 1));
}

// ---- what is left ----

std::string TokenOf(Slot slot, size_t end) {
  return PageTokenCodec().Encode({.slot = slot, .end = end}, /*request_hash=*/7);
}

TEST(RemainingParts, APartEndsWithAnEmptyToken) {
  RemainingParts parts({"a", "b"});
  EXPECT_THAT(parts.page_tokens(), ElementsAre("a", "b"));
  parts.Advance(1, "b2");
  parts.Advance(0, "");
  EXPECT_THAT(parts.page_tokens(), ElementsAre("b2"));
  EXPECT_FALSE(parts.done());
  parts.Advance(1, "");
  EXPECT_THAT(parts.page_tokens(), IsEmpty());
  EXPECT_TRUE(parts.done());
}

TEST(RemainingParts, TheProgressIsThatOfAllSlots) {
  RemainingParts parts({TokenOf(0, 8192), TokenOf(8192, 16384)});
  EXPECT_EQ(parts.progress(), 0.0);
  parts.Advance(0, TokenOf(4096, 8192));
  EXPECT_EQ(parts.progress(), 0.25);
  parts.Advance(1, "");
  EXPECT_EQ(parts.progress(), 0.75);
  parts.Advance(0, "");
  EXPECT_EQ(parts.progress(), 1.0);
  EXPECT_EQ(RemainingParts({""}).progress(), 0.0);
}

TEST(RemainingParts, TokensOfAnotherFormatTellNoProgress) {
  for (const std::string& token :
       {std::string("17"), std::string("!"), "B" + TokenOf(1, 2).substr(1), TokenOf(1, 2).substr(8),
        TokenOf(1, 2).substr(0, 3)}) {
    EXPECT_EQ(SlotsAhead(token), std::nullopt) << token;
    EXPECT_EQ(RemainingParts({token}).progress(), std::nullopt) << token;
  }
  EXPECT_EQ(SlotsAhead(TokenOf(100, 101)), 1U);
  EXPECT_EQ(SlotsAhead(TokenOf(16000, 16384)), 384U);
}

}  // namespace
}  // namespace atestore::cli
