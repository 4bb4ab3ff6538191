#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "apps/kubectl-ate/actor_path.h"

namespace atestore::cli {

// A template of -o jsonpath=…, the part of kubectl's that can be printed actor by actor:
//   {.actors[*].actorId}                                    the values, with spaces between them
//   {range .actors[*]}{.actorId}{"\t"}{.status}{"\n"}{end}  this text for every actor
// `items` may stand for `actors`. Text outside the braces, and "…" in braces with \n, \t, is
// printed as it is. Once in a template; a template for one actor needs neither. A value.
class JsonPathTemplate {
 public:
  // INVALID_ARGUMENT: "jsonpath: character N: …". `one_actor`: what is printed is one actor, of
  // which paths outside a range are.
  static absl::StatusOr<JsonPathTemplate> Parse(std::string_view text, bool one_actor);

  // The text before all actors, of one actor (the `first` one or a later one), and behind all.
  const std::string& Begin() const { return begin_; }
  std::string TextOf(const ateapi::Actor& actor, bool first) const;
  const std::string& End() const { return end_; }
  // The fields that it needs; empty: all.
  std::vector<std::string> MaskPaths() const;

 private:
  class Reader;
  using Piece = std::variant<std::string, ActorPath>;

  std::string begin_;
  std::vector<Piece> pieces_;  // of every actor
  bool spaced_ = false;
  std::string end_;
};

}  // namespace atestore::cli
