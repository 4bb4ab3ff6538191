#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "apps/kubectl-ate/command.h"

namespace atestore::cli {

// The output formats that are a word, by the names that -o takes.
const std::map<std::string, OutputFormat>& OutputFormats();

// What -o was given. INVALID_ARGUMENT in one line: no such format, or a mistake in the columns or
// the template, with its place.
enum class Printed { kActors, kOneActor, kOther };
absl::StatusOr<OutputOptions> ParseOutput(const std::string& text, bool no_headers,
                                          Printed printed);

// The text that -o was given.
std::string OutputText(const OutputOptions& output);

// The fields of an actor that this output shows, by their paths in the proto; empty: all. Always
// atespace and actor_id, where it is not empty.
std::vector<std::string> FieldsShown(const OutputOptions& output);

}  // namespace atestore::cli
