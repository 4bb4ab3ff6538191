#include "store/redis/files.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace atestore {
namespace {

using ::testing::HasSubstr;

class RedisFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = ::testing::TempDir() + "redis-files-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return folder_ / name; }
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(Path(name), std::ios::binary) << text;
  }
  // As Kubernetes and careful people do it.
  void Replace(const std::string& name, const std::string& text) {
    Write("new", text);
    std::filesystem::rename(Path("new"), Path(name));
  }

  std::unique_ptr<PasswordFile> OpenPassword(const std::string& name) {
    absl::StatusOr<std::unique_ptr<PasswordFile>> file = PasswordFile::Open(
        Path(name), [this](const absl::Status& status) { reloads_.push_back(status); });
    EXPECT_TRUE(file.ok()) << file.status();
    return file.ok() ? *std::move(file) : nullptr;
  }

  std::filesystem::path folder_;
  std::vector<absl::Status> reloads_;
};

TEST_F(RedisFilesTest, ReadsBytesOrNamesTheFile) {
  Write("file", std::string("a\0b\n", 4));
  absl::StatusOr<std::string> text = ReadFile(Path("file"));
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(*text, std::string("a\0b\n", 4));
  absl::Status missing = ReadFile(Path("none")).status();
  EXPECT_TRUE(absl::IsNotFound(missing));
  EXPECT_THAT(std::string(missing.message()), HasSubstr(Path("none")));
}

TEST_F(RedisFilesTest, RefusesWhatIsTooLarge) {
  Write("file", std::string(kFileBytesMax, 'x'));
  EXPECT_EQ(ReadFile(Path("file")).value().size(), kFileBytesMax);
  Write("file", std::string(kFileBytesMax + 1, 'x'));
  for (const std::string& path : {Path("file"), std::string("/dev/zero")}) {
    absl::Status status = ReadFile(path).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_EQ(status.message(), absl::StrCat(path, " has more than 2097152 bytes"));
  }
  EXPECT_FALSE(ReadFile(folder_).ok());
  Write("file", "");
  EXPECT_EQ(ReadFile(Path("file")).value(), "");
}

TEST_F(RedisFilesTest, AWatchSeesEachChangeOnce) {
  Write("file", "one");
  FileWatch watch(Path("file"));
  EXPECT_FALSE(watch.Changed());
  Write("file", "three");
  EXPECT_TRUE(watch.Changed());
  EXPECT_FALSE(watch.Changed());
  Replace("file", "seven");  // of the same size
  EXPECT_TRUE(watch.Changed());
  std::filesystem::remove(Path("file"));
  EXPECT_TRUE(watch.Changed());
  EXPECT_FALSE(watch.Changed());
}

TEST_F(RedisFilesTest, AWatchFollowsASymbolicLink) {
  Write("first", "word");
  Write("second", "word");
  std::filesystem::create_symlink(Path("first"), Path("link"));
  FileWatch watch(Path("link"));
  std::filesystem::create_symlink(Path("second"), Path("other"));
  std::filesystem::rename(Path("other"), Path("link"));
  EXPECT_TRUE(watch.Changed());
}

TEST_F(RedisFilesTest, APasswordFollowsItsFile) {
  Write("secret", "first \r\n");
  std::unique_ptr<PasswordFile> file = OpenPassword("secret");
  ASSERT_NE(file, nullptr);
  EXPECT_EQ(file->Password(), "first");
  EXPECT_TRUE(reloads_.empty());
  Replace("secret", "second\n");
  EXPECT_EQ(file->Password(), "second");
  EXPECT_EQ(file->Password(), "second");
  ASSERT_EQ(reloads_.size(), 1U);
  EXPECT_TRUE(reloads_[0].ok());
}

TEST_F(RedisFilesTest, AFileThatCannotBeUsedLeavesTheLastPassword) {
  Write("secret", "word");
  std::unique_ptr<PasswordFile> file = OpenPassword("secret");
  ASSERT_NE(file, nullptr);
  Write("secret", "");  // being written
  EXPECT_EQ(file->Password(), "word");
  std::filesystem::remove(Path("secret"));
  EXPECT_EQ(file->Password(), "word");
  ASSERT_EQ(reloads_.size(), 2U);
  EXPECT_TRUE(absl::IsInvalidArgument(reloads_[0]));
  EXPECT_TRUE(absl::IsNotFound(reloads_[1]));
}

TEST_F(RedisFilesTest, AnUnusablePasswordFileIsRefusedAtTheStart) {
  Write("empty", " \n");
  const auto open = [this](const std::string& name) {
    return PasswordFile::Open(Path(name), [](const absl::Status&) {}).status();
  };
  EXPECT_TRUE(absl::IsInvalidArgument(open("empty")));
  EXPECT_TRUE(absl::IsNotFound(open("none")));
}

}  // namespace
}  // namespace atestore
