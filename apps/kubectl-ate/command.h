#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/time/time.h"

namespace atestore::cli {

enum class OutputFormat {
  kTable,
  kWide,
  kJson,
  kYaml,
  kName,
  kJsonLines,
  kCustomColumns,
  kJsonPath,
};

// How to reach ateapi; an empty string means "not given".
struct ConnectionOptions {
  std::string endpoint = "127.0.0.1:8443";
  std::string ca_cert;      // PEM file of CAs; empty: the system's
  std::string client_cert;  // PEM file of the certificate chain, for mTLS
  std::string client_key;   // PEM file of its key; empty: in client_cert
  std::string token_file;   // holds the bearer token to send along
  std::string server_name;  // expected in the server's certificate; empty: the endpoint's host
  bool insecure_skip_tls_verify = false;
  bool plaintext = false;
};

struct OutputOptions {
  OutputFormat format = OutputFormat::kTable;
  bool no_headers = false;
  std::string spec = {};  // the columns or the template
};

struct ActorName {
  std::string atespace;
  std::string id;
};

struct ListActors {
  std::string atespace;                       // empty: all
  int32_t chunk_size = 0;                     // actors per page; 0: the service's default
  std::optional<int64_t> limit;               // actors in total
  std::optional<int32_t> parallel = {};       // concurrent parts; nullopt: the service chooses
  std::vector<std::string> page_tokens = {};  // of the remaining parts; empty: everything
  std::string filter = {};                    // in the service's filter language; empty: all
  bool sort = false;
  OutputOptions output;
};
struct CountActors {
  std::string atespace;                       // empty: all
  std::string filter;                         // as in ListActors
  std::vector<std::string> by;                // paths of fields; empty: one count
  std::optional<int32_t> parallel = {};       // as in ListActors
  std::vector<std::string> page_tokens = {};  // as in ListActors
  OutputOptions output;                       // kTable or kJson
};
struct GetActor {
  ActorName name;
  OutputOptions output;
};
struct ListAtespaces {
  OutputOptions output;
};
struct GetAtespace {
  std::string name;
  OutputOptions output;
};
struct ListWorkers {
  OutputOptions output;
};
struct CreateAtespace {
  std::string name;
};
struct CreateActor {
  ActorName name;
  std::string template_namespace;
  std::string template_name;
  std::vector<std::pair<std::string, std::string>> worker_selector;
};
struct DeleteActors {
  std::vector<ActorName> names;  // at least one
};
struct DeleteAtespaces {
  std::vector<std::string> names;  // at least one
};
// Prints something that is already known: help, version, a completion script.
struct PrintText {
  std::string text;
};
// Candidates for the last of these words, for kubectl's plugin completion.
struct CompleteWords {
  std::vector<std::string> words;
};

using Command = std::variant<ListActors, CountActors, GetActor, ListAtespaces, GetAtespace,
                             ListWorkers, CreateAtespace, CreateActor, DeleteActors,
                             DeleteAtespaces, PrintText, CompleteWords>;

// One run of kubectl-ate.
struct Invocation {
  ConnectionOptions connection;
  absl::Duration timeout = absl::InfiniteDuration();  // for the whole run
  Command command;
};

}  // namespace atestore::cli
