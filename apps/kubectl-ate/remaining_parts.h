#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace atestore::cli {

// What is left of a listing that is read in parts: for each part, the next page token of its last
// processed page. Not thread-safe.
class RemainingParts {
 public:
  // The empty token is a whole listing, from its start.
  explicit RemainingParts(std::vector<std::string> page_tokens);

  // A page of this part has been processed. An empty next_page_token: it was the last page.
  void Advance(size_t part, const std::string& next_page_token);

  bool done() const { return unfinished_ == 0; }
  // The tokens of the unfinished parts, in order. Empty when the listing is done(), and also when
  // it has not begun.
  std::vector<std::string> page_tokens() const;
  // The share of the slots, 0 … 1, that no unfinished part holds. nullopt when a token does not
  // show its position.
  std::optional<double> progress() const;

 private:
  struct Part {
    std::string page_token;
    bool done = false;
  };

  std::vector<Part> parts_;
  size_t unfinished_;
};

}  // namespace atestore::cli
