#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "apps/kubectl-ate/command.h"

namespace atestore::cli {

// The flags of ConnectionOptions.
struct ConnectionText {
  const char* flag;
  const char* type;
  std::string ConnectionOptions::*value;
  const char* help;
};
inline constexpr ConnectionText kConnectionTexts[] = {
    {"--endpoint", "HOST:PORT", &ConnectionOptions::endpoint, "where ateapi is"},
    {"--ca-cert", "FILE", &ConnectionOptions::ca_cert, "PEM: CAs to trust, not the system's"},
    {"--client-cert", "FILE", &ConnectionOptions::client_cert, "PEM: this client's certificate"},
    {"--client-key", "FILE", &ConnectionOptions::client_key,
     "PEM: its key; none: it is in --client-cert"},
    {"--token-file", "FILE", &ConnectionOptions::token_file,
     "a bearer token (JWT); read again when it changes"},
    {"--tls-server-name", "NAME", &ConnectionOptions::server_name,
     "expected in the server's certificate"},
};
struct ConnectionSwitch {
  const char* flag;
  bool ConnectionOptions::*value;
  const char* help;
};
inline constexpr ConnectionSwitch kConnectionSwitches[] = {
    {"--insecure-skip-tls-verify", &ConnectionOptions::insecure_skip_tls_verify,
     "accept any certificate"},
    {"--plaintext", &ConnectionOptions::plaintext, "no TLS"},
};

// The values of all options of all commands.
struct Values {
  ConnectionOptions connection;
  double timeout_seconds = 0;
  bool version = false;
  std::vector<std::string> names;
  std::string atespace;
  bool all_atespaces = false;
  std::string format = "table";
  bool no_headers = false;
  bool sort = false;
  int32_t chunk_size = 0;
  int64_t limit = 0;
  int32_t parallel = 0;
  std::string page_token;
  std::string filter;
  std::string field_selector;
  std::string label_selector;
  std::string by;
  std::string actor_template;
  std::string worker_selector;
  std::string shell;
};

// The grammar of the command line. CLI11 keeps pointers into `values`, so neither may be moved.
class Grammar {
 public:
  Grammar();
  Grammar(const Grammar&) = delete;
  Grammar& operator=(const Grammar&) = delete;

  CLI::App app{"Actors and atespaces, from the command line.", "kubectl-ate"};
  Values values;
  CLI::App* get_actors = nullptr;
  CLI::App* get_atespaces = nullptr;
  CLI::App* count_actors = nullptr;
  CLI::App* get_workers = nullptr;
  CLI::App* create_actor = nullptr;
  CLI::App* create_atespace = nullptr;
  CLI::App* delete_actor = nullptr;
  CLI::App* delete_atespace = nullptr;
  CLI::App* completion = nullptr;

 private:
  CLI::App* Add(CLI::App* parent, const std::string& name, const std::string& alias,
                const std::string& help);
  void DefineConnection();
  void DefineGet();
  void DefineCount();
  void DefineCreate();
  void DefineDelete();
  void DefineOutput(CLI::App* command);
  void DefineFilter(CLI::App* command);
  void DefineParts(CLI::App* command, const std::string& what);
};

}  // namespace atestore::cli
