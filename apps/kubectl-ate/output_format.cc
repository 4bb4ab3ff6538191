#include "apps/kubectl-ate/output_format.h"

#include "absl/strings/str_cat.h"
#include "apps/kubectl-ate/custom_columns.h"
#include "apps/kubectl-ate/json_path.h"
#include "core/status.h"

namespace atestore::cli {
namespace {

constexpr std::string_view kCustomColumns = "custom-columns=";
constexpr std::string_view kJsonPath = "jsonpath=";

absl::Status CheckTemplate(const std::string& spec, Printed printed) {
  absl::Status status = JsonPathTemplate::Parse(spec, /*one_actor=*/false).status();
  if (status.ok() || printed != Printed::kOneActor) return status;
  return JsonPathTemplate::Parse(spec, /*one_actor=*/true).status();
}

}  // namespace

const std::map<std::string, OutputFormat>& OutputFormats() {
  static const auto* const formats = new std::map<std::string, OutputFormat>{
      {"table", OutputFormat::kTable}, {"wide", OutputFormat::kWide},
      {"json", OutputFormat::kJson},   {"yaml", OutputFormat::kYaml},
      {"name", OutputFormat::kName},   {"jsonl", OutputFormat::kJsonLines}};
  return *formats;
}

absl::StatusOr<OutputOptions> ParseOutput(const std::string& text, bool no_headers,
                                          Printed printed) {
  OutputOptions output{.no_headers = no_headers};
  if (const auto format = OutputFormats().find(text); format != OutputFormats().end()) {
    output.format = format->second;
    return output;
  }
  const bool columns = text.starts_with(kCustomColumns);
  if (!columns && !text.starts_with(kJsonPath)) {
    return absl::InvalidArgumentError(
        absl::StrCat("-o \"", text,
                     "\" is not a format: table, wide, json, yaml, jsonl, name, "
                     "custom-columns=NAME:PATH,… or jsonpath=TEMPLATE"));
  }
  if (printed == Printed::kOther) {
    return InvalidArgumentError("-o custom-columns and jsonpath are for actors only");
  }
  output.format = columns ? OutputFormat::kCustomColumns : OutputFormat::kJsonPath;
  output.spec = text.substr((columns ? kCustomColumns : kJsonPath).size());
  const absl::Status status =
      columns ? CustomColumns::Parse(output.spec).status() : CheckTemplate(output.spec, printed);
  if (!status.ok()) return absl::InvalidArgumentError(absl::StrCat("-o ", status.message()));
  return output;
}

std::string OutputText(const OutputOptions& output) {
  if (output.format == OutputFormat::kCustomColumns) {
    return absl::StrCat(ToAbsl(kCustomColumns), output.spec);
  }
  if (output.format == OutputFormat::kJsonPath) {
    return absl::StrCat(ToAbsl(kJsonPath), output.spec);
  }
  for (const auto& [name, format] : OutputFormats()) {
    if (format == output.format) return name;
  }
  return "";
}

std::vector<std::string> FieldsShown(const OutputOptions& output) {
  std::vector<std::string> fields;
  switch (output.format) {
    case OutputFormat::kJson:
    case OutputFormat::kYaml:
    case OutputFormat::kJsonLines:
      return {};
    case OutputFormat::kName:
      break;
    case OutputFormat::kWide:
      fields = {"ateom_pod_namespace", "worker_pool_name", "latest_snapshot_info"};
      [[fallthrough]];
    case OutputFormat::kTable:
      fields.insert(fields.end(), {"actor_template_namespace", "actor_template_name", "status",
                                   "ateom_pod_name", "ateom_pod_ip", "version"});
      break;
    case OutputFormat::kCustomColumns:
    case OutputFormat::kJsonPath:
      fields = output.format == OutputFormat::kJsonPath
                   ? JsonPathTemplate::Parse(output.spec, /*one_actor=*/false)->MaskPaths()
                   : CustomColumns::Parse(output.spec)->MaskPaths();
      if (fields.empty()) return {};
  }
  fields.insert(fields.end(), {"atespace", "actor_id"});
  return fields;
}

}  // namespace atestore::cli
