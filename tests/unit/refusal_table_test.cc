// The table of refusals against every error text of the supported servers.
#include "core/refusal_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "core/server_error.h"
#include "core/status.h"
#include "store/cluster/cluster_client.h"
#include "store/error_info.h"
#include "store/redis/connection_state.h"
#include "tests/support/reply_recorder.h"

namespace atestore {
namespace {

using ::testing::HasSubstr;

const Endpoint kAsked{"10.0.0.9", 7000};

// What a server sends where its program has a placeholder of printf.
std::string Filled(const std::string& text) {
  return absl::StrReplaceAll(text, {{"%.40s", "x"},
                                    {"%.128s", "x"},
                                    {"%s", "x"},
                                    {"%S", "x"},
                                    {"%d", "7"},
                                    {"%i", "7"},
                                    {"%ld", "7"},
                                    {"%lld", "7"},
                                    {"%llu", "7"},
                                    {"%zu", "7"},
                                    {"%f", "0.5"}});
}

std::vector<std::string> TextsOfServers() {
  std::vector<std::string> texts;
  for (const auto& file : std::filesystem::directory_iterator(ATESTORE_SERVER_ERRORS_DIR)) {
    std::ifstream lines(file.path());
    for (std::string line; std::getline(lines, line);) texts.push_back(Filled(line));
  }
  return texts;
}

bool IsAboutThePassword(std::string_view text) {
  for (std::string_view prefix :
       {"NOAUTH", "WRONGPASS", "ERR AUTH <password> called without any password configured"}) {
    if (text.starts_with(prefix)) return true;
  }
  return false;
}

void CheckStatus(const std::string& text, const absl::Status& status, bool keeps_text) {
  EXPECT_FALSE(status.ok()) << text;
  EXPECT_NE(status.code(), absl::StatusCode::kInternal) << text;
  EXPECT_NE(status.code(), absl::StatusCode::kUnknown) << text;
  EXPECT_EQ(absl::IsUnauthenticated(status), IsAboutThePassword(text)) << text << ": " << status;
  const std::string message(status.message());
  if (keeps_text) {
    EXPECT_THAT(message, HasSubstr(text.substr(0, kServerErrorTextMax)));
  }
  if (!IsAboutThePassword(text) && !absl::StrContains(text, "password")) {
    EXPECT_FALSE(absl::StrContains(message, "check the user name and the password")) << message;
  }
}

TEST(RefusalTableTest, NoTextOfAServerIsTakenForSomethingElse) {
  const std::vector<std::string> texts = TextsOfServers();
  ASSERT_GT(texts.size(), 3000);
  for (const std::string& text : texts) {
    const ServerError error = ParseServerError(text, kAsked);
    CheckStatus(text, ToStatus(error, kAsked), true);
    const absl::Status explained = ExplainServerError(error, kAsked);
    CheckStatus(text, explained, true);
    ASSERT_TRUE(GetErrorInfo(explained)) << text;
    EXPECT_FALSE(GetErrorInfo(explained)->reason.empty()) << text;
    EXPECT_EQ(absl::IsUnavailable(explained), IsTransient(error.kind)) << text;
  }
}

// The first command on a connection meets what is not about it, such as maxclients.
TEST(RefusalTableTest, NoTextInAnswerToAuthBlamesThePasswordForSomethingElse) {
  const RedisOptions options{.credentials = RedisCredentials{.username = "u", .password = "word"}};
  for (const std::string& text : TextsOfServers()) {
    ConnectionState state(options);
    std::string sent;
    state.TakeOutput(sent);
    const std::string reply = "-" + text + "\r\n";
    reply.copy(state.PrepareRead().data(), reply.size());
    const absl::Status status = state.OnRead(reply.size(), SteadyTime());
    CheckStatus(text, status, !IsAboutThePassword(text) && !text.starts_with("NOPERM"));
  }
}

TEST(RefusalTableTest, EveryRowIsMetByItsOwnPrefix) {
  for (const Refusal& row : Refusals()) {
    std::string text(row.prefix);
    if (text.ends_with('*')) text.pop_back();
    EXPECT_EQ(&FindRefusal(text), &row) << row.prefix;
    EXPECT_EQ(RefusalOf(row.kind).kind, row.kind);
    EXPECT_EQ(RefusalOf(row.kind).meaning == RefusalMeaning::kForGood,
              row.meaning == RefusalMeaning::kForGood)
        << "a kind is worth a retry or not: " << row.prefix;
    EXPECT_EQ(row.code == absl::StatusCode::kUnavailable, row.meaning != RefusalMeaning::kForGood);
  }
  EXPECT_EQ(FindRefusal("BUSYKEY Target key name already exists.").kind, ServerErrorKind::kOther);
  EXPECT_EQ(FindRefusal("BUSY").kind, ServerErrorKind::kBusy);
}

TEST(RefusalTableTest, SaysWhatCanBeTriedAgain) {
  auto kind = [](std::string_view text) { return ParseServerError(text, kAsked).kind; };
  EXPECT_EQ(kind("ERR max number of clients reached"), ServerErrorKind::kTooManyClients);
  EXPECT_EQ(kind("ERR max number of clients + cluster connections reached"),
            ServerErrorKind::kTooManyClients);
  EXPECT_EQ(kind("NOREPLICAS Not enough good replicas to write."), ServerErrorKind::kWritesRefused);
  EXPECT_EQ(kind("MISCONF Valkey is configured to save RDB snapshots, but …"),
            ServerErrorKind::kWritesRefused);
  EXPECT_EQ(kind("OOM command not allowed when used memory > 'maxmemory'."),
            ServerErrorKind::kOutOfMemory);
  EXPECT_EQ(kind("NEWCODE of a newer server"), ServerErrorKind::kUnknown);
  EXPECT_TRUE(IsTransient(ServerErrorKind::kTooManyClients));
  EXPECT_TRUE(IsTransient(ServerErrorKind::kWritesRefused));
  EXPECT_TRUE(IsTransient(ServerErrorKind::kUnknown));
  EXPECT_FALSE(IsTransient(ServerErrorKind::kOutOfMemory));
  EXPECT_FALSE(IsTransient(ServerErrorKind::kOther));
}

TEST(RefusalTableTest, TheManualHasTheTable) {
  std::ifstream file(ATESTORE_OPERATIONS_MD);
  std::stringstream manual;
  manual << file.rdbuf();
  std::string lines;
  for (const Refusal& row : Refusals()) lines += ToTableLine(row) + "\n";
  EXPECT_TRUE(absl::StrContains(manual.str(), lines)) << "docs/operations.md needs these lines:\n"
                                                      << lines;
}

}  // namespace
}  // namespace atestore
