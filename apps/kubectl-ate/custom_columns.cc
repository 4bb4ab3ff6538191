#include "apps/kubectl-ate/custom_columns.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/status.h"

namespace atestore::cli {
namespace {

absl::Status Flaw(const absl::Status& why) {
  return absl::InvalidArgumentError(absl::StrCat("custom-columns: ", why.message()));
}

// "NAME:PATH", where PATH may stand in braces.
absl::StatusOr<ActorPath> PathOf(std::string_view text, size_t begin) {
  const bool braces = text.starts_with("{") && text.ends_with("}");
  if (braces) {
    text = text.substr(1, text.size() - 2);
    ++begin;
  }
  std::string_view rest = text;
  absl::StatusOr<ActorPath> path = TakeActorPath(&rest, begin);
  if (!path.ok()) return path;
  if (!rest.empty()) {
    return PathFlaw(begin + text.size() - rest.size(),
                    absl::StrCat("\"", ToAbsl(rest), "\" is not part of a path"));
  }
  return path;
}

}  // namespace

absl::StatusOr<CustomColumns> CustomColumns::Parse(std::string_view spec) {
  CustomColumns parsed;
  size_t begin = 0;
  while (begin <= spec.size()) {
    const size_t comma = std::min(spec.find(',', begin), spec.size());
    const std::string_view column = spec.substr(begin, comma - begin);
    const size_t colon = column.find(':');
    if (colon == std::string_view::npos || colon == 0 || colon + 1 == column.size()) {
      return Flaw(PathFlaw(begin, "expected NAME:PATH, as in ID:.actorId,STATUS:.status"));
    }
    absl::StatusOr<ActorPath> path = PathOf(column.substr(colon + 1), begin + colon + 1);
    if (!path.ok()) return Flaw(path.status());
    parsed.columns_.push_back({std::string(column.substr(0, colon)), *std::move(path)});
    begin = comma + 1;
  }
  return parsed;
}

Row CustomColumns::Header() const {
  Row header;
  for (const Column& column : columns_) header.push_back(column.name);
  return header;
}

Row CustomColumns::RowOf(const ateapi::Actor& actor) const {
  Row row;
  for (const Column& column : columns_) {
    row.push_back(ValueAt(column.path, actor, ",").value_or(""));
  }
  return row;
}

std::vector<std::string> CustomColumns::MaskPaths() const {
  std::vector<std::string> paths;
  for (const Column& column : columns_) {
    paths.push_back(MaskPathOf(column.path));
    if (paths.back().empty()) return {};
  }
  return paths;
}

}  // namespace atestore::cli
