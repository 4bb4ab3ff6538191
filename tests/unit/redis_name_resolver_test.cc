#include "store/redis/name_resolver.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace atestore {
namespace {

using ::testing::ElementsAre;

// Names that begin with "hang" hang until Release(); "bad" fails. The test is the loop's thread.
class NameResolverTest : public ::testing::Test {
 protected:
  // Shared with lookups that outlive the test.
  struct World {
    std::mutex mutex;
    std::condition_variable changed;
    bool released = false;
    int lookups = 0;
    std::vector<std::function<void()>> tasks;
  };

  ~NameResolverTest() override { Release(); }

  void Release() {
    std::lock_guard lock(world_->mutex);
    world_->released = true;
    world_->changed.notify_all();
  }

  void Resolve(const std::string& host) {
    resolver_->Resolve(host, [this, host](const absl::StatusOr<Addresses>& addresses) {
      done_.push_back(absl::StrCat(
          host, " ",
          addresses.ok() ? addresses->front() : std::string(addresses.status().message())));
    });
  }

  // Runs what is posted until `count` answers have come.
  void Await(size_t count) {
    while (done_.size() < count) {
      std::function<void()> task;
      {
        std::unique_lock lock(world_->mutex);
        world_->changed.wait(lock, [this] { return !world_->tasks.empty(); });
        task = std::move(world_->tasks.front());
        world_->tasks.erase(world_->tasks.begin());
      }
      task();
    }
  }

  int lookups() {
    std::lock_guard lock(world_->mutex);
    return world_->lookups;
  }

  std::shared_ptr<World> world_ = std::make_shared<World>();
  SteadyTime now_{std::chrono::hours(1)};
  std::vector<std::string> done_;
  std::unique_ptr<NameResolver> resolver_ = std::make_unique<NameResolver>(
      [world = world_](const std::string& host) -> absl::StatusOr<Addresses> {
        std::unique_lock lock(world->mutex);
        ++world->lookups;
        if (host.starts_with("hang")) world->changed.wait(lock, [&] { return world->released; });
        if (host == "bad") return UnavailableError("no such name");
        return Addresses{"10.0.0.1"};
      },
      [world = world_](std::function<void()> task) {
        std::lock_guard lock(world->mutex);
        world->tasks.push_back(std::move(task));
        world->changed.notify_all();
      },
      [this] { return now_; });
};

TEST_F(NameResolverTest, ANameThatHangsHoldsUpNoOther) {
  Resolve("hang");
  Resolve("good");
  Await(1);
  EXPECT_THAT(done_, ElementsAre("good 10.0.0.1"));
  Release();
  Await(2);
  EXPECT_THAT(done_, ElementsAre("good 10.0.0.1", "hang 10.0.0.1"));
}

TEST_F(NameResolverTest, OneLookupServesAllWhoWait) {
  Resolve("hang");
  Resolve("hang");
  Release();
  Await(2);
  EXPECT_EQ(lookups(), 1);
}

TEST_F(NameResolverTest, AnswersAndFailuresAreKeptForAWhile) {
  Resolve("good");
  Resolve("bad");
  Await(2);
  Resolve("good");
  Resolve("bad");
  EXPECT_EQ(done_.size(), 4);
  EXPECT_EQ(lookups(), 2);
  now_ += absl::ToChronoMilliseconds(kNoAddressTime);
  Resolve("good");
  EXPECT_EQ(done_.size(), 5);
  Resolve("bad");
  Await(6);
  EXPECT_EQ(lookups(), 3);
  now_ += absl::ToChronoMilliseconds(kAddressesTime);
  Resolve("good");
  Await(7);
  EXPECT_EQ(lookups(), 4);
}

TEST_F(NameResolverTest, SoManyAreLookedUpAtATime) {
  for (size_t i = 0; i < kLookupsMax; ++i) Resolve(absl::StrCat("hang", i));
  EXPECT_TRUE(done_.empty());
  Resolve("good");
  EXPECT_THAT(done_, ElementsAre("good too many names of hosts are being looked up"));
  Release();
  Await(1 + kLookupsMax);
  Resolve("good");
  Await(2 + kLookupsMax);
  EXPECT_EQ(done_.back(), "good 10.0.0.1");
}

TEST_F(NameResolverTest, ItsEndDoesNotWaitForANameThatHangs) {
  Resolve("hang");
  resolver_.reset();
  Release();
  EXPECT_TRUE(done_.empty());
}

}  // namespace
}  // namespace atestore
