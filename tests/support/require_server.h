#pragma once

#include <cstdlib>
#include <string_view>

#include "gtest/gtest.h"
#include "tests/support/real_cluster.h"

// Ends the test when the server is not installed: skipped on a laptop, failed where CI=true is in
// the environment, so that a machine that lost its servers cannot pass.
#define ATESTORE_REQUIRE_SERVER(kind)                                                 \
  if (!::atestore::FindServer(kind)) {                                                \
    const char* ci = ::std::getenv("CI");                                             \
    if (ci != nullptr && ::std::string_view(ci) == "true") {                          \
      FAIL() << ::atestore::ToString(kind) << " is not installed, and CI=true";       \
    }                                                                                 \
    GTEST_SKIP() << "SKIPPED: " << ::atestore::ToString(kind) << " is not installed"; \
  }                                                                                   \
  static_assert(true, "")
