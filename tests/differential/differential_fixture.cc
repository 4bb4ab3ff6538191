#include "tests/differential/differential_fixture.h"

#include "tests/support/require_server.h"

namespace atestore {

std::map<ServerKind, std::unique_ptr<TwinClusters>> Differential::shared_;

void Differential::SetUp() {
  ATESTORE_REQUIRE_SERVER(GetParam());
  std::unique_ptr<TwinClusters>& twins = shared_[GetParam()];
  if (twins == nullptr) {
    absl::StatusOr<std::unique_ptr<TwinClusters>> started = TwinClusters::Start(GetParam());
    ASSERT_TRUE(started.ok()) << started.status();
    twins = *std::move(started);
  }
  twins_ = twins.get();
  ASSERT_TRUE(twins_->Clear().ok());
}

void Differential::Expect(size_t node, const std::vector<std::string>& lines) {
  auto connection = twins_->Connect(node);
  ASSERT_TRUE(connection.ok()) << connection.status();
  std::string story = "node " + std::to_string(node) + "\n";
  for (const std::string& line : lines) {
    story += line + "\n";
    if (line.starts_with("@")) {
      absl::Status done = twins_->Run(static_cast<size_t>(line[1] - '0'), line.substr(3));
      ASSERT_TRUE(done.ok()) << done << "\n" << story;
      continue;
    }
    absl::StatusOr<TwinClusters::Replies> replies = (*connection)->Execute(line);
    ASSERT_TRUE(replies.ok()) << replies.status();
    EXPECT_EQ(replies->real, replies->mock) << story;
  }
}

}  // namespace atestore
