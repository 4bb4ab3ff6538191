#include "apps/kubectl-ate/grammar.h"

#include <cmath>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "apps/cli/whole_number.h"
#include "apps/kubectl-ate/reading_plan.h"

namespace atestore::cli {
namespace {

constexpr char kExamples[] = R"(Examples:
  kubectl-ate get actors -a team-a               the actors of one atespace
  kubectl-ate count actors -A --by status        how many, in which status
  kubectl-ate get actors -A --filter 'status = PAUSED AND version > 3'
  kubectl-ate get actors -A --limit 500          the first 500, and how to continue
  kubectl-ate get actors -A -o json | jq '.actors[].actorId'
  kubectl-ate get actors my-actor -a team-a -o yaml
  kubectl-ate create atespace team-a
  kubectl-ate create actor my-actor -a team-a --template default/python
  kubectl-ate get actors -a old -o name | xargs -n 100 kubectl-ate delete actor
  source <(kubectl-ate completion bash)

Also runs as "kubectl ate …" when it is on PATH.)";

constexpr char kGetActorsExamples[] =
    R"(Rows appear page by page; memory does not grow with the listing.
Ctrl-C, a failure or --limit print the command that continues from there; it may use another
--parallel. The parts of a listing are read at the same time, unless --limit asks for the
first actors.
How to reach the service: kubectl-ate --help.

--filter compares fields (status, version, actor_template_name, ateom_pod_ip,
worker_selector.match_labels.KEY, latest_snapshot_info.type, …) by = != < <= > >= and
: (has), with AND, OR, NOT and parentheses; OR binds tighter than AND. A * at either
end of a value matches any text. The service sends only what matches.

Examples:
  kubectl-ate get actors -A | head
  kubectl-ate get actors -a team-a -o wide
  kubectl-ate get actors -A --filter 'status = RUNNING AND version > 3'
  kubectl-ate get actors -A --field-selector status=PAUSED -o name | wc -l
  kubectl-ate get actors -A -l zone=a -o custom-columns=ID:.actorId,IP:.ateomPodIp
  kubectl-ate get actors -A -o jsonpath='{range .actors[*]}{.actorId}{"\n"}{end}'
  kubectl-ate get actors -A --parallel 8 -o jsonl > actors.jsonl
  kubectl-ate get actors -A --chunk-size 100 --limit 1000)";

constexpr char kCountExamples[] =
    R"(Without --by and filters on values, only keys are read: millions per second.
Ctrl-C and failures print what was counted so far and the command that counts the others.

Examples:
  kubectl-ate count actors -A
  kubectl-ate count actors -A --by status
  kubectl-ate count actors -a team-a --by status,actor_template_name --filter 'version > 1'
  kubectl-ate count actors -A --by worker_selector.match_labels.zone -o json)";

// The same check without its description in the help: the option's own description is clearer.
CLI::Validator Quiet(CLI::Validator check) { return check.description(""); }

// CLI11 itself also accepts "nan".
CLI::Validator Seconds() {
  auto check = [](std::string& text) -> std::string {
    double seconds = 0;
    if (absl::SimpleAtod(text, &seconds) && std::isfinite(seconds) && seconds >= 0) return "";
    return absl::StrCat("\"", text, "\" is not a number of seconds");
  };
  return {check, ""};
}

}  // namespace

CLI::App* Grammar::Add(CLI::App* parent, const std::string& name, const std::string& alias,
                       const std::string& help) {
  CLI::App* command = parent->add_subcommand(name, help);
  if (!alias.empty()) command->alias(alias);
  command->fallthrough();
  return command;
}

void Grammar::DefineConnection() {
  ConnectionOptions& connection = values.connection;
  const std::string group = "Connection";
  for (const ConnectionText& text : kConnectionTexts) {
    std::string& value = connection.*text.value;
    CLI::Option* option = app.add_option(text.flag, value, text.help);
    option->type_name(text.type)->group(group);
    if (!value.empty()) option->capture_default_str();
  }
  for (const ConnectionSwitch& flag : kConnectionSwitches) {
    app.add_flag(flag.flag, connection.*flag.value, flag.help)->group(group);
  }
  app.add_option("--timeout", values.timeout_seconds, "for the whole command; 0: no limit")
      ->transform(Seconds())
      ->type_name("SECONDS")
      ->group(group);
}

void Grammar::DefineOutput(CLI::App* command) {
  const std::string formats = command == get_actors
                                  ? "table, wide, json, yaml, name, jsonl, "
                                    "custom-columns=NAME:PATH,… or jsonpath=TEMPLATE"
                                  : "table, wide, json, yaml, name or jsonl";
  command->add_option("-o,--output", values.format, formats)
      ->type_name("FORMAT")
      ->capture_default_str();
  command->add_flag("--no-headers", values.no_headers, "rows only");
}

void Grammar::DefineFilter(CLI::App* command) {
  command->add_option("--filter", values.filter, "only actors that match, in AIP-160's language")
      ->type_name("EXPRESSION");
  command
      ->add_option("--field-selector", values.field_selector,
                   "only actors with these values, or without (!=)")
      ->type_name("FIELD=VALUE[,…]");
  command
      ->add_option("-l,--selector", values.label_selector,
                   "only actors whose worker selector has these labels: also KEY!=VALUE, KEY, !KEY")
      ->type_name("KEY=VALUE[,…]");
}

void Grammar::DefineParts(CLI::App* command, const std::string& what) {
  command
      ->add_option("--parallel", values.parallel,
                   absl::StrCat("parts to read at a time, 1 to ", kParallelMax,
                                "; default: one per primary"))
      ->transform(Quiet(WholeNumber(1, kParallelMax)))
      ->type_name("N");
  command
      ->add_option("--page-token", values.page_token,
                   absl::StrCat("continue where ", what, " stopped"))
      ->take_last()  // so that what is added to any command is what counts
      ->type_name("TOKEN[,…]");
}

void Grammar::DefineGet() {
  CLI::App* get = Add(&app, "get", "", "List or show actors, atespaces or workers");
  get->require_subcommand(1);
  get_actors = Add(get, "actors", "actor", "List actors, or show one");
  get_actors->add_option("id", values.names, "one actor: ID, ATESPACE/ID or actor/ATESPACE/ID")
      ->expected(0, 1);
  get_actors->add_option("-a,--atespace", values.atespace, "of this atespace")->type_name("NAME");
  get_actors->add_flag("-A,--all-atespaces", values.all_atespaces, "of all atespaces");
  DefineOutput(get_actors);
  DefineFilter(get_actors);
  get_actors->add_option("--chunk-size", values.chunk_size, "actors per page, 1 to 1000")
      ->transform(Quiet(WholeNumber(1, 1000)))
      ->type_name("N");
  get_actors->add_option("--limit", values.limit, "stop after this many actors")
      ->transform(Quiet(WholeNumber(1, INT64_MAX)))
      ->type_name("N");
  DefineParts(get_actors, "a listing");
  get_actors->add_flag("--sort", values.sort,
                       "collect everything first, then print it by atespace and id");
  get_actors->footer(kGetActorsExamples);
  get_atespaces = Add(get, "atespaces", "atespace", "List atespaces, or show one");
  get_atespaces->add_option("name", values.names, "one atespace")->expected(0, 1);
  DefineOutput(get_atespaces);
  get_workers = Add(get, "workers", "worker", "List workers");
  DefineOutput(get_workers);
}

void Grammar::DefineCount() {
  CLI::App* count = Add(&app, "count", "", "Count actors");
  count->require_subcommand(1);
  count_actors = Add(count, "actors", "actor", "Count actors, by the values of fields or all");
  count_actors->add_option("-a,--atespace", values.atespace, "of this atespace")->type_name("NAME");
  count_actors->add_flag("-A,--all-atespaces", values.all_atespaces, "of all atespaces");
  count_actors
      ->add_option("--by", values.by, "one count per combination of the values of these fields")
      ->type_name("FIELD[,…]");
  DefineFilter(count_actors);
  count_actors->add_option("-o,--output", values.format, "table or json")
      ->type_name("FORMAT")
      ->capture_default_str();
  count_actors->add_flag("--no-headers", values.no_headers, "rows only");
  DefineParts(count_actors, "a count");
  count_actors->footer(kCountExamples);
}

void Grammar::DefineCreate() {
  CLI::App* create = Add(&app, "create", "", "Create an actor or an atespace");
  create->require_subcommand(1);
  create_actor = Add(create, "actor", "", "Create an actor, suspended");
  create_actor->add_option("id", values.names, "its id")->expected(1)->required();
  create_actor->add_option("-a,--atespace", values.atespace, "its atespace")
      ->type_name("NAME")
      ->required();
  create_actor->add_option("--template", values.actor_template, "its template")
      ->type_name("NAMESPACE/NAME")
      ->required();
  create_actor
      ->add_option("--worker-selector", values.worker_selector,
                   "labels of the workers that may run it")
      ->type_name("KEY=VALUE[,…]");
  create_atespace = Add(create, "atespace", "", "Create an atespace");
  create_atespace->add_option("name", values.names, "its name")->expected(1)->required();
}

void Grammar::DefineDelete() {
  CLI::App* remove = Add(&app, "delete", "", "Delete actors or atespaces");
  remove->require_subcommand(1);
  delete_actor = Add(remove, "actor", "actors", "Delete suspended actors");
  delete_actor->add_option("id", values.names, "ID, ATESPACE/ID or actor/ATESPACE/ID")
      ->expected(1, 1'000'000)
      ->required();
  delete_actor->add_option("-a,--atespace", values.atespace, "of plain IDs")->type_name("NAME");
  delete_atespace = Add(remove, "atespace", "atespaces", "Delete empty atespaces");
  delete_atespace->add_option("name", values.names, "their names")
      ->expected(1, 1'000'000)
      ->required();
}

Grammar::Grammar() {
  app.require_subcommand(0, 1);
  app.fallthrough();
  app.footer(kExamples);
  app.add_flag("--version", values.version, "print the version");
  DefineConnection();
  DefineGet();
  DefineCount();
  DefineCreate();
  DefineDelete();
  completion = Add(&app, "completion", "", "Print a completion script: bash, zsh or fish");
  completion->add_option("shell", values.shell, "bash, zsh or fish")
      ->check(Quiet(CLI::IsMember({"bash", "zsh", "fish"})))
      ->required();
}

}  // namespace atestore::cli
