#include "apps/kubectl-ate/remaining_parts.h"

#include <cassert>
#include <cstdint>
#include <utility>

#include "apps/kubectl-ate/token_position.h"
#include "core/slot.h"

namespace atestore::cli {

RemainingParts::RemainingParts(std::vector<std::string> page_tokens)
    : unfinished_(page_tokens.size()) {
  for (std::string& token : page_tokens) parts_.push_back({.page_token = std::move(token)});
}

void RemainingParts::Advance(size_t part, const std::string& next_page_token) {
  assert(part < parts_.size() && !parts_[part].done);
  parts_[part].page_token = next_page_token;
  if (!next_page_token.empty()) return;
  parts_[part].done = true;
  --unfinished_;
}

std::vector<std::string> RemainingParts::page_tokens() const {
  std::vector<std::string> tokens;
  for (const Part& part : parts_) {
    if (!part.done && !part.page_token.empty()) tokens.push_back(part.page_token);
  }
  return tokens;
}

std::optional<double> RemainingParts::progress() const {
  uint64_t ahead = 0;
  for (const Part& part : parts_) {
    if (part.done) continue;
    const std::optional<uint32_t> slots = SlotsAhead(part.page_token);
    if (!slots) return std::nullopt;
    ahead += *slots;
  }
  if (ahead > kSlotCount) return std::nullopt;
  return 1 - static_cast<double>(ahead) / static_cast<double>(kSlotCount);
}

}  // namespace atestore::cli
