#include "apps/kubectl-ate/grammar.h"

#include <cmath>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "apps/cli/whole_number.h"

namespace atestore::cli {
namespace {

constexpr char kExamples[] = R"(Examples:
  kubectl-ate get actors -a team-a               the actors of one atespace
  kubectl-ate get actors -A -o name | wc -l      all of them, counted
  kubectl-ate get actors -A --limit 500          the first 500, and how to go on
  kubectl-ate get actors -A -o json | jq '.actors[].actorId'
  kubectl-ate get actors my-actor -a team-a -o yaml
  kubectl-ate create atespace team-a
  kubectl-ate create actor my-actor -a team-a --template default/python
  kubectl-ate get actors -a old -o name | xargs -n 100 kubectl-ate delete actor
  source <(kubectl-ate completion bash)

Also runs as "kubectl ate …" when it is on PATH.)";

constexpr char kGetActorsExamples[] =
    R"(Rows appear page by page; memory does not grow with the listing.
Ctrl-C, a failure or --limit print the command that goes on from there.
How to reach the service: kubectl-ate --help.

Examples:
  kubectl-ate get actors -A | head
  kubectl-ate get actors -a team-a -o wide
  kubectl-ate get actors -A -o jsonl | jq -r 'select(.status=="STATUS_RUNNING").actorId'
  kubectl-ate get actors -A --chunk-size 100 --limit 1000)";

// The same check, without its words in the help: the option's own say it better.
CLI::Validator Quiet(CLI::Validator check) { return check.description(""); }

// CLI11 alone takes "nan" too.
CLI::Validator Seconds() {
  auto check = [](std::string& text) -> std::string {
    double seconds = 0;
    if (absl::SimpleAtod(text, &seconds) && std::isfinite(seconds) && seconds >= 0) return "";
    return absl::StrCat("\"", text, "\" is not a number of seconds");
  };
  return {check, ""};
}

}  // namespace

const std::map<std::string, OutputFormat>& OutputFormats() {
  static const auto* const formats = new std::map<std::string, OutputFormat>{
      {"table", OutputFormat::kTable}, {"wide", OutputFormat::kWide},
      {"json", OutputFormat::kJson},   {"yaml", OutputFormat::kYaml},
      {"name", OutputFormat::kName},   {"jsonl", OutputFormat::kJsonLines}};
  return *formats;
}

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
  command->add_option("-o,--output", values.format, "table, wide, json, yaml, name or jsonl")
      ->check(Quiet(CLI::IsMember(OutputFormats())))
      ->type_name("FORMAT")
      ->capture_default_str();
  command->add_flag("--no-headers", values.no_headers, "rows only");
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
  get_actors->add_option("--chunk-size", values.chunk_size, "actors a page, 1 to 1000")
      ->transform(Quiet(WholeNumber(1, 1000)))
      ->type_name("N");
  get_actors->add_option("--limit", values.limit, "stop after this many actors")
      ->transform(Quiet(WholeNumber(1, INT64_MAX)))
      ->type_name("N");
  get_actors->add_option("--page-token", values.page_token, "go on where a listing stopped")
      ->take_last()  // so that a token added to any command is the one that counts
      ->type_name("TOKEN");
  get_actors->add_flag("--sort", values.sort,
                       "collect everything first, then print it by atespace and id");
  get_actors->footer(kGetActorsExamples);
  get_atespaces = Add(get, "atespaces", "atespace", "List atespaces, or show one");
  get_atespaces->add_option("name", values.names, "one atespace")->expected(0, 1);
  DefineOutput(get_atespaces);
  get_workers = Add(get, "workers", "worker", "List workers");
  DefineOutput(get_workers);
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
  DefineCreate();
  DefineDelete();
  completion = Add(&app, "completion", "", "Print a completion script: bash, zsh or fish");
  completion->add_option("shell", values.shell, "bash, zsh or fish")
      ->check(Quiet(CLI::IsMember({"bash", "zsh", "fish"})))
      ->required();
}

}  // namespace atestore::cli
