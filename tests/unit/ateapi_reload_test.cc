// What ateapi does again and again while it serves: looks at files, asks the store.
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <vector>

#include "apps/ateapi/checked_copy.h"
#include "apps/ateapi/health_monitor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace atestore {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::Status IsGood(const std::string& content) {
  return content.starts_with("good") ? absl::OkStatus() : absl::InvalidArgumentError("is bad");
}

class CheckedCopyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = ::testing::TempDir() + "checked-copy-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    file_ = std::filesystem::path(name) / "file";
  }
  void TearDown() override { std::filesystem::remove_all(file_.parent_path()); }

  void Write(const std::string& text) { std::ofstream(file_, std::ios::binary) << text; }

  absl::StatusOr<std::unique_ptr<CheckedCopy>> Open() {
    return CheckedCopy::Open(file_, IsGood,
                             [this](const absl::Status& status) { reloads_.push_back(status); });
  }

  std::filesystem::path file_;
  std::vector<absl::Status> reloads_;
};

TEST_F(CheckedCopyTest, FollowsTheFileUnderOnePath) {
  Write("good 1");
  absl::StatusOr<std::unique_ptr<CheckedCopy>> copy = Open();
  ASSERT_TRUE(copy.ok()) << copy.status();
  const std::string path = (*copy)->path();
  EXPECT_EQ(*ReadFile(path), "good 1");
  (*copy)->Refresh();
  EXPECT_TRUE(reloads_.empty());
  Write("good, and longer");
  (*copy)->Refresh();
  EXPECT_EQ(*ReadFile(path), "good, and longer");
  EXPECT_EQ((*copy)->path(), path);
  ASSERT_EQ(reloads_.size(), 1U);
  EXPECT_TRUE(reloads_[0].ok());
}

TEST_F(CheckedCopyTest, KeepsTheLastGoodContent) {
  Write("good");
  absl::StatusOr<std::unique_ptr<CheckedCopy>> copy = Open();
  ASSERT_TRUE(copy.ok()) << copy.status();
  Write("half a file");
  (*copy)->Refresh();
  std::filesystem::remove(file_);
  (*copy)->Refresh();
  EXPECT_EQ(*ReadFile((*copy)->path()), "good");
  ASSERT_EQ(reloads_.size(), 2U);
  EXPECT_THAT(std::string(reloads_[0].message()), HasSubstr(file_.string() + ": is bad"));
  EXPECT_TRUE(absl::IsNotFound(reloads_[1]));
}

TEST_F(CheckedCopyTest, BeginsWithAGoodFileOnly) {
  EXPECT_TRUE(absl::IsNotFound(Open().status()));
  Write("bad");
  EXPECT_TRUE(absl::IsInvalidArgument(Open().status()));
}

TEST(HealthMonitor, TellsOfChangesOnly) {
  std::mutex mutex;
  std::condition_variable told;
  std::vector<bool> changes;
  std::atomic<int> asked = 0;
  {
    HealthMonitor monitor(
        [&asked] {
          const int time = ++asked;
          return time <= 3 ? absl::OkStatus() : absl::UnavailableError("down");
        },
        absl::ZeroDuration(),
        [&](const absl::Status& status) {
          const std::lock_guard lock(mutex);
          changes.push_back(status.ok());
          told.notify_all();
        });
    std::unique_lock lock(mutex);
    told.wait(lock, [&] { return changes.size() == 2; });
  }
  EXPECT_THAT(changes, ElementsAre(true, false));
  EXPECT_GE(asked, 4);
}

}  // namespace
}  // namespace atestore
