#include "apps/kubectl-ate/bearer_token.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/status.h"

namespace atestore::cli {
namespace {

class BearerTokenTest : public ::testing::Test {
 protected:
  ~BearerTokenTest() override { std::filesystem::remove(path_); }
  void Write(std::string_view text) { std::ofstream(path_, std::ios::binary) << text; }
  absl::StatusOr<BearerToken> Open(const std::string& endpoint, bool plaintext) {
    ConnectionOptions options;
    options.endpoint = endpoint;
    options.plaintext = plaintext;
    options.token_file = path_;
    return BearerToken::Open(options);
  }

  const std::string path_ =
      (std::filesystem::temp_directory_path() / absl::StrCat("bearer_token_test_", getpid()))
          .string();
};

TEST_F(BearerTokenTest, FollowsItsFileAndKeepsTheLastGoodOne) {
  Write("one\n");
  absl::StatusOr<BearerToken> token = Open("localhost:1", true);
  ASSERT_TRUE(token.ok()) << token.status();
  EXPECT_EQ(token->Authorization(), "Bearer one");
  Write("two");
  EXPECT_EQ(token->Authorization(), "Bearer two");
  Write("");
  EXPECT_EQ(token->Authorization(), "Bearer two");
  std::filesystem::remove(path_);
  EXPECT_EQ(token->Authorization(), "Bearer two");
}

TEST_F(BearerTokenTest, NeverTravelsInPlaintextToAnotherMachine) {
  Write("one");
  for (const char* endpoint : {"ateapi:8443", "10.0.0.1:8443", "127.example.org:1", "dns:///x:1",
                               "localhost.example.org:1", "[::2]:1", ":1", ""}) {
    EXPECT_TRUE(Open(endpoint, false).ok()) << endpoint;
    EXPECT_TRUE(absl::IsInvalidArgument(Open(endpoint, true).status())) << endpoint;
  }
  for (const char* endpoint : {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1", "unix:/s"}) {
    EXPECT_TRUE(Open(endpoint, true).ok()) << endpoint;
  }
}

TEST_F(BearerTokenTest, RefusesWhatIsNoToken) {
  EXPECT_TRUE(absl::IsNotFound(Open("localhost:1", true).status()));
  for (const std::string& text :
       {std::string(), std::string("\n"), std::string("a b"), std::string("a\nb"),
        std::string("a\xff"), std::string(1, '\0'), std::string(kTokenFileBytesMax + 1, 'a')}) {
    Write(text);
    absl::Status status = Open("localhost:1", true).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  }
}

TEST(BearerTokenOptionsTest, WithoutTheFlagThereIsNone) {
  ConnectionOptions options;
  options.plaintext = true;
  options.endpoint = "elsewhere:1";
  EXPECT_EQ(BearerToken::Open(options)->Authorization(), "");
}

}  // namespace
}  // namespace atestore::cli
