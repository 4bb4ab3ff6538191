#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "apps/kubectl-ate/context.h"
#include "apps/kubectl-ate/retry.h"

namespace atestore::cli {

// The most parts to read at the same time, and the default.
inline constexpr int32_t kParallelMax = 64;
inline constexpr size_t kParallelDefaultMax = 16;
// The most tokens in a --page-token: PartitionActors returns no more.
inline constexpr size_t kPageTokensMax = 1024;

// What to read.
struct WhatToRead {
  std::string atespace;                  // empty: all
  std::string filter;                    // empty: all
  std::vector<std::string> page_tokens;  // empty: from the start
  std::optional<int32_t> parallel;       // nullopt: the service chooses
};

// How to read it.
struct ReadingPlan {
  std::vector<std::string> page_tokens;  // of disjoint parts; the empty token is everything
  size_t width = 1;                      // parts to read at the same time
  bool service_is_older = false;         // it supports neither parts nor streams
};

// Asks the service for parts if more than one is wanted, and checks every token of several before
// anything is read. Errors are those of the service; INVALID_ARGUMENT names the token.
absl::StatusOr<ReadingPlan> PlanReading(const WhatToRead& what, const Context& context,
                                        Retrier& retrier);

// Parses the value of --page-token: "T1,T2". Empty text: no token. INVALID_ARGUMENT when a token is
// empty or appears twice, or for more than kPageTokensMax tokens.
absl::StatusOr<std::vector<std::string>> ParsePageTokens(const std::string& text);

}  // namespace atestore::cli
