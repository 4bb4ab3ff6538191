#include "apps/kubectl-ate/command_line.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "apps/kubectl-ate/completion_scripts.h"
#include "apps/kubectl-ate/endpoint.h"
#include "apps/kubectl-ate/grammar.h"
#include "apps/kubectl-ate/output_format.h"
#include "apps/kubectl-ate/reading_plan.h"
#include "apps/kubectl-ate/selectors.h"
#include "core/endpoint.h"
#include "core/status.h"
#include "store/codec/actor_fields.h"

namespace atestore::cli {
namespace {

constexpr char kVersionText[] = "kubectl-ate " ATESTORE_VERSION "\n";

absl::StatusOr<ActorName> ParseActorName(std::string_view text, const std::string& atespace) {
  std::string_view rest = text;
  if (rest.starts_with("actor/")) rest.remove_prefix(6);
  const size_t slash = rest.find('/');
  if (slash == std::string_view::npos) {
    if (atespace.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("actor \"", ToAbsl(text), "\" needs its atespace: add -a ATESPACE"));
    }
    return ActorName{.atespace = atespace, .id = std::string(rest)};
  }
  ActorName name{.atespace = std::string(rest.substr(0, slash)),
                 .id = std::string(rest.substr(slash + 1))};
  if (!atespace.empty() && atespace != name.atespace) {
    return absl::InvalidArgumentError(
        absl::StrCat("actor \"", ToAbsl(text), "\" is not in atespace \"", atespace, "\""));
  }
  return name;
}

absl::StatusOr<OutputOptions> OutputOf(const Values& values, Printed printed) {
  return ParseOutput(values.format, values.no_headers, printed);
}

std::optional<int32_t> ParallelOf(const CLI::App& command, const Values& values) {
  if (command.count("--parallel") == 0) return std::nullopt;
  return values.parallel;
}

absl::StatusOr<Command> ToGetActors(const Grammar& grammar) {
  const Values& values = grammar.values;
  if (!values.atespace.empty() && values.all_atespaces) {
    return InvalidArgumentError("-a ATESPACE and -A exclude each other: give one of them");
  }
  if (!values.names.empty()) {
    if (values.all_atespaces) {
      return InvalidArgumentError("an actor belongs to one atespace: give -a ATESPACE, not -A");
    }
    for (const char* const listing_flag :
         {"--chunk-size", "--limit", "--page-token", "--parallel", "--sort", "--filter",
          "--field-selector", "--selector"}) {
      if (grammar.get_actors->count(listing_flag) > 0) {
        return absl::InvalidArgumentError(
            absl::StrCat(listing_flag, " is for listings, not for one actor"));
      }
    }
    absl::StatusOr<ActorName> name = ParseActorName(values.names[0], values.atespace);
    if (!name.ok()) return name.status();
    absl::StatusOr<OutputOptions> output = OutputOf(values, Printed::kOneActor);
    if (!output.ok()) return output.status();
    return Command(GetActor{.name = *std::move(name), .output = *std::move(output)});
  }
  if (values.atespace.empty() && !values.all_atespaces) {
    return InvalidArgumentError(
        "which atespace? give -a ATESPACE for one, or -A for all (kubectl-ate get atespaces lists "
        "them)");
  }
  absl::StatusOr<OutputOptions> output = OutputOf(values, Printed::kActors);
  if (!output.ok()) return output.status();
  absl::StatusOr<std::string> filter =
      FilterOf(values.filter, values.field_selector, values.label_selector);
  if (!filter.ok()) return filter.status();
  absl::StatusOr<std::vector<std::string>> page_tokens = ParsePageTokens(values.page_token);
  if (!page_tokens.ok()) return page_tokens.status();
  ListActors list{.atespace = values.atespace,
                  .chunk_size = values.chunk_size,
                  .limit = std::nullopt,
                  .parallel = ParallelOf(*grammar.get_actors, values),
                  .page_tokens = *std::move(page_tokens),
                  .filter = *std::move(filter),
                  .sort = values.sort,
                  .output = *std::move(output)};
  if (grammar.get_actors->count("--limit") > 0) list.limit = values.limit;
  if (list.limit && list.parallel.value_or(1) > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("--limit takes the first actors, page after page: it excludes --parallel ",
                     *list.parallel));
  }
  return Command(std::move(list));
}

absl::StatusOr<Command> ToCountActors(const Grammar& grammar) {
  const Values& values = grammar.values;
  if (values.atespace.empty() == !values.all_atespaces) {
    return InvalidArgumentError("which atespace? give -a ATESPACE for one, or -A for all");
  }
  absl::StatusOr<OutputOptions> output = OutputOf(values, Printed::kOther);
  if (!output.ok()) return output.status();
  if (output->format != OutputFormat::kTable && output->format != OutputFormat::kJson) {
    return absl::InvalidArgumentError(
        absl::StrCat("-o \"", values.format, "\": counts are a table or json"));
  }
  absl::StatusOr<std::string> filter =
      FilterOf(values.filter, values.field_selector, values.label_selector);
  if (!filter.ok()) return filter.status();
  absl::StatusOr<std::vector<std::string>> page_tokens = ParsePageTokens(values.page_token);
  if (!page_tokens.ok()) return page_tokens.status();
  CountActors count{.atespace = values.atespace,
                    .filter = *std::move(filter),
                    .by = absl::StrSplit(values.by, ',', absl::SkipEmpty()),
                    .parallel = ParallelOf(*grammar.count_actors, values),
                    .page_tokens = *std::move(page_tokens),
                    .output = *std::move(output)};
  for (const std::string& path : count.by) {
    if (FindActorField(path) != nullptr || path.starts_with("worker_selector.match_labels.")) {
      continue;
    }
    return absl::InvalidArgumentError(absl::StrCat(
        "--by: an actor has no field \"", path, "\"; kubectl-ate count actors --by ⇥ lists them"));
  }
  return Command(std::move(count));
}

absl::StatusOr<Command> ToCreateActor(const Values& values) {
  const size_t slash = values.actor_template.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == values.actor_template.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--template \"", values.actor_template, "\" must be NAMESPACE/NAME"));
  }
  CreateActor create{.name = {.atespace = values.atespace, .id = values.names[0]},
                     .template_namespace = values.actor_template.substr(0, slash),
                     .template_name = values.actor_template.substr(slash + 1),
                     .worker_selector = {}};
  for (const std::string& pair :
       std::vector<std::string>(absl::StrSplit(values.worker_selector, ',', absl::SkipEmpty()))) {
    const size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("--worker-selector: \"", pair, "\" must be KEY=VALUE"));
    }
    create.worker_selector.emplace_back(pair.substr(0, equals), pair.substr(equals + 1));
  }
  return Command(std::move(create));
}

absl::StatusOr<Command> ToDeleteActors(const Values& values) {
  DeleteActors remove;
  for (const std::string& text : values.names) {
    absl::StatusOr<ActorName> name = ParseActorName(text, values.atespace);
    if (!name.ok()) return name.status();
    remove.names.push_back(*std::move(name));
  }
  return Command(std::move(remove));
}

absl::StatusOr<Command> ToCommand(const Grammar& grammar) {
  const Values& values = grammar.values;
  if (values.version) return Command(PrintText{kVersionText});
  if (grammar.get_actors->parsed()) return ToGetActors(grammar);
  if (grammar.count_actors->parsed()) return ToCountActors(grammar);
  if (grammar.get_atespaces->parsed() || grammar.get_workers->parsed()) {
    absl::StatusOr<OutputOptions> output = OutputOf(values, Printed::kOther);
    if (!output.ok()) return output.status();
    if (grammar.get_workers->parsed()) return Command(ListWorkers{*std::move(output)});
    if (values.names.empty()) return Command(ListAtespaces{*std::move(output)});
    return Command(GetAtespace{values.names[0], *std::move(output)});
  }
  if (grammar.create_actor->parsed()) return ToCreateActor(values);
  if (grammar.create_atespace->parsed()) return Command(CreateAtespace{values.names[0]});
  if (grammar.delete_actor->parsed()) return ToDeleteActors(values);
  if (grammar.delete_atespace->parsed()) return Command(DeleteAtespaces{values.names});
  if (grammar.completion->parsed()) return Command(PrintText{CompletionScript(values.shell)});
  return Command(PrintText{grammar.app.help()});
}

// gRPC would take the number of a port modulo 65536, and what is no number for 443.
absl::Status CheckEndpoint(const std::string& endpoint) {
  if (IsLocalEndpoint(endpoint) || HostOfEndpoint(endpoint)) return absl::OkStatus();
  const absl::Status status = ParseEndpoint(endpoint).status();
  if (status.ok()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("--endpoint: ", status.message()));
}

// The innermost command that the words parsed so far name, for "see … --help".
std::string CommandPath(const CLI::App& app) {
  for (const CLI::App* sub : app.get_subcommands()) {
    return absl::StrCat(app.get_name(), " ", CommandPath(*sub));
  }
  return app.get_name();
}

}  // namespace

absl::StatusOr<Invocation> ParseCommandLine(const std::vector<std::string>& arguments) {
  Invocation invocation;
  if (!arguments.empty() && arguments[0] == "__complete") {
    CompleteWords complete{{arguments.begin() + 1, arguments.end()}};
    if (complete.words.empty()) complete.words.emplace_back();
    invocation.command = std::move(complete);
    return invocation;
  }
  // CLI11 takes it for the end of a command, which no other command line has.
  if (std::find(arguments.begin(), arguments.end(), "++") != arguments.end()) {
    return InvalidArgumentError("++ is not an argument of any command; see kubectl-ate --help");
  }
  Grammar grammar;
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());  // as CLI11 wants it
  try {
    grammar.app.parse(std::move(reversed));
  } catch (const CLI::CallForHelp&) {
    invocation.command = PrintText{grammar.app.help()};
    return invocation;
  } catch (const CLI::ParseError& error) {
    std::string what = error.what();
    std::replace(what.begin(), what.end(), '\n', ' ');
    // Of "get pods" CLI11 says only that a noun is missing.
    const std::vector<std::string> unknown = grammar.app.remaining(/*recurse=*/true);
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::RequiredError) &&
        !unknown.empty()) {
      what = absl::StrCat("\"", unknown.front(), "\" is not known: ", what);
    }
    return absl::InvalidArgumentError(
        absl::StrCat(what, "; see ", CommandPath(grammar.app), " --help"));
  }
  if (absl::Status status = CheckEndpoint(grammar.values.connection.endpoint); !status.ok()) {
    return status;
  }
  absl::StatusOr<Command> command = ToCommand(grammar);
  if (!command.ok()) return command.status();
  invocation.command = *std::move(command);
  invocation.connection = grammar.values.connection;
  if (grammar.values.timeout_seconds > 0) {
    invocation.timeout = absl::Seconds(grammar.values.timeout_seconds);
  }
  return invocation;
}

}  // namespace atestore::cli
