#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/differential/twin_clusters.h"
#include "tests/support/real_cluster.h"

namespace atestore {

// Tests of the emulator beside a real cluster: one pair of clusters for each kind of server, empty
// at the beginning of each test.
class Differential : public testing::TestWithParam<ServerKind> {
 protected:
  void SetUp() override;
  void TearDown() override {
    if (used_up_) shared_.erase(GetParam());
  }
  static void TearDownTestSuite() { shared_.clear(); }

  // Runs the lines on one connection to `node`; a line that begins with "@i " is an administrator's
  // on node i. All replies must be equal.
  void Expect(size_t node, const std::vector<std::string>& lines);

  // For tests that leave the clusters in no state to go on with: the next one gets new ones.
  void UseUp() { used_up_ = true; }

  TwinClusters* twins_ = nullptr;

 private:
  bool used_up_ = false;
  static std::map<ServerKind, std::unique_ptr<TwinClusters>> shared_;
};

inline std::string ServerName(const testing::TestParamInfo<ServerKind>& kind) {
  if (kind.param == ServerKind::kRedis) return "Redis70";
  return kind.param == ServerKind::kValkey ? "Valkey80" : "Valkey91";
}

}  // namespace atestore
