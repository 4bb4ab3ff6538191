#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "apps/kubectl-ate/actor_path.h"
#include "apps/kubectl-ate/table.h"

namespace atestore::cli {

// The columns of -o custom-columns=NAME:PATH[,NAME:PATH…], as in kubectl. A value.
class CustomColumns {
 public:
  // INVALID_ARGUMENT: "custom-columns: character N: …".
  static absl::StatusOr<CustomColumns> Parse(std::string_view spec);

  Row Header() const;
  // The cells of an actor. A missing value is empty, which the table shows as <none>.
  Row RowOf(const ateapi::Actor& actor) const;
  // The fields that the columns need; empty: all.
  std::vector<std::string> MaskPaths() const;

 private:
  struct Column {
    std::string name;
    ActorPath path;
  };
  std::vector<Column> columns_;
};

}  // namespace atestore::cli
