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

// The most parts that are read at the same time, and where nobody says how many.
inline constexpr int32_t kParallelMax = 64;
inline constexpr size_t kParallelDefaultMax = 16;
// Tokens in a --page-token, as PartitionActors makes at most.
inline constexpr size_t kPageTokensMax = 1024;

// What is to be read.
struct WhatToRead {
  std::string atespace;                  // empty: all
  std::string filter;                    // empty: all
  std::vector<std::string> page_tokens;  // empty: from the start
  std::optional<int32_t> parallel;       // nullopt: the service chooses
};

// How it is read.
struct ReadingPlan {
  std::vector<std::string> page_tokens;  // of disjoint parts; the empty token is everything
  size_t width = 1;                      // parts at the same time
  bool service_is_older = false;         // it knows neither parts nor streams
};

// Asks the service for parts, where more than one is wanted, and to look at every token of several
// before anything is read. Errors: the service's; INVALID_ARGUMENT names the token.
absl::StatusOr<ReadingPlan> PlanReading(const WhatToRead& what, const Context& context,
                                        Retrier& retrier);

// A list of tokens as --page-token takes it: "T1,T2". INVALID_ARGUMENT: an empty one, one that
// stands there twice, more than kPageTokensMax. Empty text: no token.
absl::StatusOr<std::vector<std::string>> ParsePageTokens(const std::string& text);

}  // namespace atestore::cli
