#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace atestore::cli {

// What is left of a listing that is read in parts: for each part the token behind its last page
// that is dealt with. Not thread-safe.
class RemainingParts {
 public:
  // The empty token is a whole listing, from its start.
  explicit RemainingParts(std::vector<std::string> page_tokens);

  // A page of this part is dealt with entirely; an empty next_page_token: it was the last one.
  void Advance(size_t part, const std::string& next_page_token);

  bool done() const { return unfinished_ == 0; }
  // The tokens of the parts that are not done, in their order. A listing that was not begun has
  // none, as `done()` has.
  std::vector<std::string> page_tokens() const;
  // 0 … 1: the share of the slot space that is not in any part that is left. nullopt when a token
  // does not tell.
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
