#pragma once

#include <cstdlib>
#include <string>
#include <string_view>

#include "gtest/gtest.h"
#include "tests/support/real_cluster.h"

namespace atestore {

// Valkey 9.1 comes from an archive that changes daily: no machine is wrong not to have it.
inline bool MustBeInstalled(ServerKind kind) {
  const char* ci = std::getenv("CI");
  return kind != ServerKind::kValkey91 && ci != nullptr && std::string_view(ci) == "true";
}

// The part of a test's name that says which server it needs.
inline std::string NameInTests(ServerKind kind) {
  if (kind == ServerKind::kRedis) return "Redis";
  return kind == ServerKind::kValkey ? "Valkey" : "Valkey91";
}
inline std::string NameOfServerTest(const ::testing::TestParamInfo<ServerKind>& test) {
  return NameInTests(test.param);
}

}  // namespace atestore

// Ends the test when the server is not installed: skipped on a laptop, failed where CI=true is in
// the environment, so that a machine that lost its servers cannot pass. Valkey 9.1 is only skipped.
#define ATESTORE_REQUIRE_SERVER(kind)                                                 \
  if (!::atestore::FindServer(kind)) {                                                \
    if (::atestore::MustBeInstalled(kind)) {                                          \
      FAIL() << ::atestore::ToString(kind) << " is not installed, and CI=true";       \
    }                                                                                 \
    GTEST_SKIP() << "SKIPPED: " << ::atestore::ToString(kind) << " is not installed"; \
  }                                                                                   \
  static_assert(true, "")
