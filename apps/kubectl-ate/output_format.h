#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "apps/kubectl-ate/command.h"

namespace atestore::cli {

// The output formats that are a single word in -o.
const std::map<std::string, OutputFormat>& OutputFormats();

// Parses the value of -o. INVALID_ARGUMENT, in one line, when the format does not exist, or for a
// mistake in the columns or the template, with its place.
enum class Printed { kActors, kOneActor, kOther };
absl::StatusOr<OutputOptions> ParseOutput(const std::string& text, bool no_headers,
                                          Printed printed);

// The value of -o for these options.
std::string OutputText(const OutputOptions& output);

// The fields of an actor that this output shows, by their paths in the proto; empty: all. Otherwise
// it always includes atespace and actor_id.
std::vector<std::string> FieldsShown(const OutputOptions& output);

}  // namespace atestore::cli
