#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "apps/kubectl-ate/actor_path.h"

namespace atestore::cli {

// A template of -o jsonpath=…: the part of kubectl's JSONPath that can be printed actor by actor:
//   {.actors[*].actorId}                                    the values, with spaces between them
//   {range .actors[*]}{.actorId}{"\t"}{.status}{"\n"}{end}  this text for every actor
// `items` may replace `actors`. Text outside the braces is printed verbatim, and so is "…" inside
// braces, where \n and \t are escapes. A template has exactly one of the two forms; a template for
// one actor needs neither. A value.
class JsonPathTemplate {
 public:
  // INVALID_ARGUMENT: "jsonpath: character N: …". `one_actor`: the template prints one actor, and
  // paths outside a range refer to it.
  static absl::StatusOr<JsonPathTemplate> Parse(std::string_view text, bool one_actor);

  // The text before all actors, for one actor (the `first` or a later one), and after all actors.
  const std::string& Begin() const { return begin_; }
  std::string TextOf(const ateapi::Actor& actor, bool first) const;
  const std::string& End() const { return end_; }
  // The fields that the template needs; empty: all.
  std::vector<std::string> MaskPaths() const;

 private:
  class Reader;
  using Piece = std::variant<std::string, ActorPath>;

  std::string begin_;
  std::vector<Piece> pieces_;  // repeated for every actor
  bool spaced_ = false;
  std::string end_;
};

}  // namespace atestore::cli
