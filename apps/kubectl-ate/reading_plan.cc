#include "apps/kubectl-ate/reading_plan.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace atestore::cli {
namespace {

absl::StatusOr<std::vector<std::string>> Partition(const WhatToRead& what,
                                                   const std::string& page_token, size_t count,
                                                   const Context& context, Retrier& retrier) {
  ateapi::PartitionActorsRequest request;
  request.set_atespace(what.atespace);
  request.set_filter(what.filter);
  request.set_page_token(page_token);
  request.set_partition_count(static_cast<int32_t>(count));
  absl::StatusOr<std::vector<std::string>> parts = absl::UnknownError("no attempt was made");
  static_cast<void>(retrier.Run([&](absl::Time deadline) {
    parts = context.api.PartitionActors(request, deadline);
    return parts.status();
  }));
  return parts;
}

// The default width: all parts, up to a limit.
size_t WidthFor(size_t parts, std::optional<int32_t> parallel) {
  const size_t max = parallel ? static_cast<size_t>(*parallel) : kParallelDefaultMax;
  return std::clamp<size_t>(parts, 1, max);
}

// Of `count` parts, how many of the token at `index` of `tokens` are; at least one.
size_t ShareOf(size_t count, size_t index, size_t tokens) {
  return std::max<size_t>(1, count / tokens + (index < count % tokens ? 1 : 0));
}

absl::Status NameToken(const absl::Status& status, size_t index,
                       const std::vector<std::string>& tokens) {
  if (!absl::IsInvalidArgument(status) || tokens.size() < 2) return status;
  return absl::InvalidArgumentError(absl::StrCat("--page-token: token ", index + 1, " of ",
                                                 tokens.size(), ", ", tokens[index], ": ",
                                                 status.message()));
}

}  // namespace

absl::StatusOr<ReadingPlan> PlanReading(const WhatToRead& what, const Context& context,
                                        Retrier& retrier) {
  const std::vector<std::string>& given = what.page_tokens;
  const std::vector<std::string> tokens = given.empty() ? std::vector<std::string>{""} : given;
  ReadingPlan plan{.page_tokens = tokens, .width = 1};
  if (tokens.size() == 1 && what.parallel == 1) return plan;
  // 0: the service chooses, for a whole listing; several tokens are parts already.
  const size_t count = what.parallel ? static_cast<size_t>(*what.parallel) : 0;
  std::vector<std::string> parts;
  for (size_t i = 0; i < tokens.size(); ++i) {
    const size_t share = tokens.size() == 1 ? count : ShareOf(count, i, tokens.size());
    const absl::StatusOr<std::vector<std::string>> of_token =
        Partition(what, tokens[i], share, context, retrier);
    if (absl::IsUnimplemented(of_token.status())) {
      plan.service_is_older = true;
      return plan;
    }
    if (!of_token.ok()) return NameToken(of_token.status(), i, tokens);
    parts.insert(parts.end(), of_token->begin(), of_token->end());
  }
  plan.page_tokens = std::move(parts);
  plan.width = WidthFor(plan.page_tokens.size(), what.parallel);
  return plan;
}

absl::StatusOr<std::vector<std::string>> ParsePageTokens(const std::string& text) {
  std::vector<std::string> tokens;
  if (text.empty()) return tokens;
  tokens = absl::StrSplit(text, ',');
  if (tokens.size() > kPageTokensMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("--page-token: ", tokens.size(), " tokens, more than ", kPageTokensMax));
  }
  std::map<std::string, size_t> seen;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--page-token \"", text, "\": token ", i + 1, " is empty"));
    }
    const auto [first, is_new] = seen.emplace(tokens[i], i);
    if (is_new) continue;
    return absl::InvalidArgumentError(absl::StrCat("--page-token: token ", i + 1, ", ", tokens[i],
                                                   ", is token ", first->second + 1, " again"));
  }
  return tokens;
}

}  // namespace atestore::cli
