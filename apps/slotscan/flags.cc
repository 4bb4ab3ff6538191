#include "apps/slotscan/flags.h"

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "apps/cli/print_text.h"
#include "apps/cli/whole_number.h"
#include "core/status.h"

namespace slotscan {
namespace {

using atestore::WholeNumber;

constexpr char kAbout[] =
    "Lists the keys of a whole Redis or Valkey cluster, each once, even while it is resharded or "
    "fails over. If it ends early, it prints a command that lists the rest.";
constexpr char kExits[] =
    "Exit status: 0 complete; 1 failed; 2 a wrong flag; 3 complete except for keys\n"
    "over 64 KiB; 130 interrupted. After 1 and 130, standard error has a command that continues.\n"
    "Keys are written one per line; plain: \\\\ \\t \\n \\r and \\xHH stand for backslashes, "
    "control\n"
    "characters and bytes that are not UTF-8; jsonl: keyBase64 and valueBase64 hold such bytes.";

void DefineServer(CLI::App& app, Flags& flags) {
  app.add_option("-h,--host", flags.server.host, "any node of the cluster")->capture_default_str();
  app.add_option("-p,--port", flags.server.port, "its port")
      ->transform(WholeNumber(1, 65535))
      ->capture_default_str();
  app.add_option("--user", flags.user, "ACL user, if not \"default\"");
  auto* pass = app.add_option("-a,--pass", flags.password,
                              "password; safer in the environment: REDISCLI_AUTH");
  app.add_flag("--askpass", flags.ask_password, "ask for the password")->excludes(pass);
}

void DefineTls(CLI::App& app, Flags& flags) {
  auto* tls = app.add_flag("--tls", flags.tls, "speak TLS; servers are always verified");
  app.add_option("--cacert", flags.tls_options.ca_file, "PEM; default: the system's CAs")
      ->needs(tls);
  auto* cert =
      app.add_option("--cert", flags.tls_options.client_cert_file, "PEM, the client's")->needs(tls);
  app.add_option("--key", flags.tls_options.client_key_file, "its key; default: in the same file")
      ->needs(cert);
  app.add_option("--sni", flags.tls_options.server_name,
                 "the name in the servers' certificates, if not their address")
      ->needs(tls);
}

void DefineScan(CLI::App& app, Flags& flags) {
  app.add_option("--match,--pattern", flags.query.match, "only keys that match this glob")
      ->capture_default_str();
  auto* values = app.add_flag("--values", flags.query.values, "print the values of strings too");
  auto* count = app.add_flag("--count", flags.count, "print only the number of keys");
  count->excludes(values);
  auto set_format = [&flags](const std::string& name) {
    flags.format = name == "jsonl" ? Format::kJsonLines : Format::kPlain;
  };
  app.add_option_function<std::string>("-o,--output", set_format, "output format")
      ->check(CLI::IsMember({"plain", "jsonl"}))
      ->default_str("plain")
      ->excludes(count);
  app.add_option("--parallel", flags.parallel, "parts to read at a time; 0: one per primary")
      ->transform(WholeNumber(0, static_cast<int64_t>(atestore::kReaderWidthMax)))
      ->capture_default_str();
  app.add_option("--rate", flags.rate, "most keys per second; 0: no limit")
      ->transform(WholeNumber(0, 1'000'000'000))
      ->capture_default_str();
  app.add_option("--resume", flags.resume, "continue at these tokens, separated by commas")
      ->delimiter(',')
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

std::string Quoted(const std::string& word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:,=@%+";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  return absl::StrCat("'", absl::StrReplaceAll(word, {{"'", "'\\''"}}), "'");
}

}  // namespace

std::variant<Flags, int> ParseFlags(int argc, char** argv) {
  Flags flags;
  CLI::App app(kAbout, "slotscan");
  app.set_help_flag("--help", "print this");
  app.set_version_flag("--version", "slotscan " ATESTORE_VERSION);
  app.footer(kExits);
  // So that flags may be added to a command that was printed.
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  DefineServer(app, flags);
  DefineTls(app, flags);
  DefineScan(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int exit = atestore::cli::ExitAfter(app, error);
    return error.get_exit_code() == 0 ? exit : kExitUsage;
  }
  const char* environment = std::getenv("REDISCLI_AUTH");
  if (app.count("--pass") == 0 && environment != nullptr) flags.password = environment;
  return flags;
}

std::string ResumeCommand(const Flags& flags, const std::vector<std::string>& tokens) {
  const Flags defaults;
  std::vector<std::string> words{"slotscan"};
  auto option = [&](const std::string& name, const std::string& value, bool is_default) {
    if (!is_default) words.insert(words.end(), {name, Quoted(value)});
  };
  auto flag = [&](const std::string& name, bool is_set) {
    if (is_set) words.push_back(name);
  };
  option("-h", flags.server.host, flags.server.host == defaults.server.host);
  option("-p", absl::StrCat(flags.server.port), flags.server.port == defaults.server.port);
  option("--user", flags.user, flags.user.empty());
  flag("--askpass", flags.ask_password);
  flag("--tls", flags.tls);
  option("--cacert", flags.tls_options.ca_file, flags.tls_options.ca_file.empty());
  option("--cert", flags.tls_options.client_cert_file, flags.tls_options.client_cert_file.empty());
  option("--key", flags.tls_options.client_key_file, flags.tls_options.client_key_file.empty());
  option("--sni", flags.tls_options.server_name, flags.tls_options.server_name.empty());
  option("--match", flags.query.match, flags.query.match == defaults.query.match);
  flag("--values", flags.query.values);
  flag("--count", flags.count);
  option("-o", "jsonl", flags.format == Format::kPlain);
  option("--parallel", absl::StrCat(flags.parallel), flags.parallel == 0);
  option("--rate", absl::StrCat(flags.rate), flags.rate == 0);
  option("--resume", absl::StrJoin(tokens, ","), tokens.empty());
  return absl::StrJoin(words, " ");
}

}  // namespace slotscan
