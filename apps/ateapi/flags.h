#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/endpoint.h"

namespace atestore {

// The command line of ateapi, checked; an empty string means "not given".
struct Flags {
  std::string grpc_listen_addr = "127.0.0.1:8443";
  std::string grpc_server_cred_bundle;
  std::string client_ca_certs;
  std::string authorization_policy_file;  // empty: every caller may do everything
  std::string jwt_issuer;                 // empty: tokens are not accepted
  std::string jwt_audience;
  std::string jwt_jwks_file;
  bool allow_plaintext = false;
  bool allow_anonymous = false;
  bool enable_reflection = false;
  bool enable_debug_clear = false;
  bool ready_requires_all_shards = false;

  std::vector<Endpoint> redis_cluster_address;  // empty: the embedded store
  std::string redis_ca_certs;
  std::string redis_client_cert;
  std::string redis_tls_server_name;
  std::string redis_username;
  std::string redis_password_file;

  std::string metrics_listen_addr;  // empty: no HTTP
  std::string otlp_endpoint;        // empty: no tracing
  double trace_sample_ratio = 1;
  std::string page_token_key_file;
  int64_t demo_actors = 0;
  int32_t listings_max = 128;       // concurrent calls that walk the cluster
  int32_t connections_max = 10000;  // of clients; fewer if descriptors run short
  std::chrono::seconds request_timeout{10};
  std::chrono::seconds answer_timeout{30};
  std::chrono::seconds startup_timeout{10};
  std::chrono::seconds shutdown_grace{30};
  std::string log_level = "info";
};

// The result of parsing the command line.
struct ParsedFlags {
  // Set: print this on standard output and exit with status 0 (--help, --version).
  std::optional<std::string> text_to_print;
  Flags flags;
};

// Reads an environment variable; nullopt when it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// Parses `arguments` (without the program's name). The value "@env" of an option reads the
// environment variable that EnvironmentName() gives for it. INVALID_ARGUMENT with one line that
// names the flag.
absl::StatusOr<ParsedFlags> ParseFlags(const std::vector<std::string>& arguments,
                                       const Environment& environment);

// `status` with the name of the flag that caused it; OK stays OK.
absl::Status AtFlag(std::string_view flag, const absl::Status& status);

// "--grpc-listen-addr" → "ATE_API_GRPC_LISTEN_ADDR"; "--redis-cluster-address" has the name that
// deployments of this API use, "ATE_API_REDIS_ADDRESS".
std::string EnvironmentName(std::string_view flag);

}  // namespace atestore
