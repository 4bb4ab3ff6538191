#include "apps/ateapi/flags.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "apps/ateapi/listen_address.h"
#include "apps/cli/finite_number.h"
#include "apps/cli/whole_number.h"
#include "core/status.h"

namespace atestore {
namespace {

constexpr std::string_view kVersionText = "ateapi " ATESTORE_VERSION "\n";

struct RawFlags {
  Flags flags;
  std::string redis_cluster_address;
  int64_t startup_timeout_seconds = 10;
  int64_t request_timeout_seconds = 10;
  int64_t answer_timeout_seconds = 30;
  int64_t shutdown_grace_seconds = 30;
  bool version = false;
};

constexpr char kServing[] = "Serving";
constexpr char kStore[] = "Store";
constexpr char kAccess[] = "Access";

struct TextFlag {
  const char* group;
  const char* name;
  std::string Flags::*value;
  const char* help;
};

constexpr TextFlag kTextFlags[] = {
    {kServing, "--grpc-listen-addr", &Flags::grpc_listen_addr, "host:port to serve gRPC on"},
    {kServing, "--grpc-server-cred-bundle", &Flags::grpc_server_cred_bundle,
     "PEM file with the certificate chain and the private key; reloaded when it changes"},
    {kServing, "--client-ca-certs", &Flags::client_ca_certs,
     "PEM file of CAs; clients must then present a certificate signed by one of them"},
    {kAccess, "--authorization-policy-file", &Flags::authorization_policy_file,
     "YAML file that says who may do what; reloaded when it changes"},
    {kAccess, "--jwt-issuer", &Flags::jwt_issuer, "the accepted issuer of bearer tokens (\"iss\")"},
    {kAccess, "--jwt-audience", &Flags::jwt_audience,
     "the audience that tokens must name (\"aud\")"},
    {kAccess, "--jwt-jwks-file", &Flags::jwt_jwks_file,
     "the issuer's public keys, a JSON Web Key Set; reloaded when it changes"},
    {kServing, "--metrics-listen-addr", &Flags::metrics_listen_addr,
     "host:port for HTTP: /metrics, /healthz, /readyz"},
    {kServing, "--otlp-endpoint", &Flags::otlp_endpoint,
     "URL of a trace collector (OTLP over HTTP), such as "
     "http://127.0.0.1:4318/v1/traces; default: no tracing"},
    {kStore, "--redis-ca-certs", &Flags::redis_ca_certs,
     "PEM file of CAs for the cluster's certificates; turns TLS on; reloaded when it changes"},
    {kStore, "--redis-client-cert", &Flags::redis_client_cert,
     "PEM file with the client certificate chain and key; turns TLS on; reloaded when it changes"},
    {kStore, "--redis-tls-server-name", &Flags::redis_tls_server_name,
     "name to expect in the nodes' certificates, instead of their host names"},
    {kStore, "--redis-username", &Flags::redis_username, "ACL user"},
    {kStore, "--redis-password-file", &Flags::redis_password_file,
     "file that holds the password; reloaded when it changes"},
    {kStore, "--page-token-key-file", &Flags::page_token_key_file,
     "keys of page tokens, one \"ID:SECRET\" per line; the first key signs, all verify"},
};

struct Switch {
  const char* name;
  bool Flags::*value;
  const char* help;
};

constexpr Switch kSwitches[] = {
    {"--allow-plaintext", &Flags::allow_plaintext,
     "serve without TLS on an address that is not loopback"},
    {"--allow-anonymous", &Flags::allow_anonymous,
     "serve TLS to any client on an address that is not loopback"},
    {"--enable-reflection", &Flags::enable_reflection, "serve gRPC reflection"},
    {"--enable-debug-clear", &Flags::enable_debug_clear, "let DebugClear delete everything"},
    {"--ready-requires-all-shards", &Flags::ready_requires_all_shards,
     "ready only if all shards answer; default: if at least one does"},
};

// An empty variable of the environment would otherwise turn off what the flag turns on: without a
// policy everybody may do everything, and without an address the store is in memory.
std::string RefuseEmpty(const std::string& value) {
  return absl::StripAsciiWhitespace(value).empty() ? "must not be empty" : "";
}

void DefineTexts(CLI::App& app, Flags& flags) {
  for (const TextFlag& flag : kTextFlags) {
    std::string& value = flags.*flag.value;
    CLI::Option* option = app.add_option(flag.name, value, flag.help)->group(flag.group);
    option->check(RefuseEmpty, "");
    if (!value.empty()) option->capture_default_str();
  }
  for (const Switch& flag : kSwitches) {
    app.add_flag(flag.name, flags.*flag.value, flag.help)->group(kServing);
  }
}

template <typename Number>
void DefineNumber(CLI::App& app, const char* name, Number& value, int64_t smallest, int64_t largest,
                  const char* help) {
  app.add_option(name, value, help)
      ->transform(WholeNumber(smallest, largest))
      ->capture_default_str()
      ->group(kServing);
}

void DefineOthers(CLI::App& app, RawFlags& raw) {
  Flags& flags = raw.flags;
  app.add_option(
         "--redis-cluster-address", raw.redis_cluster_address,
         "host:port[,host:port…] of some nodes of the cluster; default: an embedded store, in "
         "memory, for trying things out")
      ->check(RefuseEmpty, "")
      ->group(kStore);
  app.add_option("--demo-actors", flags.demo_actors,
                 "fill the embedded store with this many actors")
      ->transform(WholeNumber(0, 10'000'000'000))
      ->group(kStore);
  DefineNumber(app, "--max-concurrent-listings", flags.listings_max, 1, 10000,
               "concurrent listing calls; further ones get RESOURCE_EXHAUSTED");
  DefineNumber(app, "--max-connections", flags.connections_max, 1, 1'000'000,
               "client connections; fewer if the limit on descriptors is lower");
  DefineNumber(app, "--request-timeout", raw.request_timeout_seconds, 1, 3600,
               "seconds that a client may take to send the request of a call");
  DefineNumber(app, "--answer-timeout", raw.answer_timeout_seconds, 1, 3600,
               "seconds that a client may take to read one message of an answer");
  DefineNumber(app, "--startup-timeout", raw.startup_timeout_seconds, 1, 3600,
               "seconds to wait for the store before giving up");
  DefineNumber(app, "--shutdown-grace", raw.shutdown_grace_seconds, 0, 3600,
               "seconds that running calls get after SIGTERM");
  app.add_option("--trace-sample-ratio", flags.trace_sample_ratio,
                 "share of new traces to record, 0 to 1; for calls with a traceparent, that "
                 "header decides")
      ->check(FiniteNumber(0, 1).description(""))
      ->capture_default_str()
      ->group(kServing);
  app.add_option("--log-level", flags.log_level, "debug, info, warn or error")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->capture_default_str()
      ->group(kServing);
}

// Replaces the value "@env" of any option in place. Both "--flag value" and "--flag=value".
absl::Status ResolveEnvironment(std::vector<std::string>& arguments,
                                const Environment& environment) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    std::string flag;
    if (arguments[i] == "@env" && i > 0) {
      flag = arguments[i - 1];
    } else if (const size_t equals = arguments[i].find("=@env");
               equals != std::string::npos && equals + 5 == arguments[i].size()) {
      flag = arguments[i].substr(0, equals);
    } else {
      continue;
    }
    const std::string name = EnvironmentName(flag);
    const std::optional<std::string> value = environment(name);
    if (!value) {
      return absl::InvalidArgumentError(
          absl::StrCat(flag, " is @env, but ", name, " is not set in the environment"));
    }
    arguments[i] = arguments[i] == "@env" ? *value : absl::StrCat(flag, "=", *value);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Endpoint>> ParseSeeds(const std::string& text) {
  std::vector<Endpoint> seeds;
  for (const absl::string_view part : absl::StrSplit(text, ',', absl::SkipWhitespace())) {
    absl::StatusOr<Endpoint> endpoint = ParseEndpoint(ToStd(absl::StripAsciiWhitespace(part)));
    if (!endpoint.ok()) {
      return AtFlag("--redis-cluster-address", endpoint.status());
    }
    seeds.push_back(*std::move(endpoint));
  }
  if (seeds.empty() && !text.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--redis-cluster-address: \"", text, "\" holds no address"));
  }
  return seeds;
}

absl::Status CheckListenAddress(std::string_view flag, const std::string& address) {
  return AtFlag(flag, ParseListenEndpoint(address).status());
}

absl::Status CheckAccess(const Flags& flags) {
  const bool tokens = !flags.jwt_issuer.empty();
  if (tokens != !flags.jwt_audience.empty() || tokens != !flags.jwt_jwks_file.empty()) {
    return InvalidArgumentError(
        "--jwt-issuer, --jwt-audience and --jwt-jwks-file must be given together");
  }
  const bool certificates = !flags.client_ca_certs.empty();
  if (flags.authorization_policy_file.empty()) {
    if (tokens) return InvalidArgumentError("--jwt-issuer needs --authorization-policy-file");
    const bool tls = !flags.grpc_server_cred_bundle.empty();
    if (tls && !certificates && !flags.allow_anonymous && !IsLoopback(flags.grpc_listen_addr)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--grpc-listen-addr ", flags.grpc_listen_addr,
          " is not a loopback address, and callers are not identified: give --client-ca-certs or "
          "--authorization-policy-file, or --allow-anonymous to let any client do everything"));
    }
    return absl::OkStatus();
  }
  if (flags.allow_anonymous) {
    return InvalidArgumentError(
        "--allow-anonymous and --authorization-policy-file exclude each other: a policy grants "
        "nothing to a client without an identity");
  }
  if (tokens || certificates) return absl::OkStatus();
  return InvalidArgumentError(
      "--authorization-policy-file needs a way to identify callers: --client-ca-certs, or "
      "--jwt-issuer with --jwt-audience and --jwt-jwks-file");
}

absl::Status CheckTracing(const Flags& flags) {
  const std::string& url = flags.otlp_endpoint;
  if (url.empty() || url.starts_with("http://") || url.starts_with("https://")) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "--otlp-endpoint ", url, " is not a URL: give http://HOST:PORT/v1/traces or https://…"));
}

absl::Status Check(const Flags& flags) {
  // gRPC would reduce a port modulo 65536, and use 443 for a missing port.
  if (!IsUnixSocket(flags.grpc_listen_addr)) {
    absl::Status status = CheckListenAddress("--grpc-listen-addr", flags.grpc_listen_addr);
    if (!status.ok()) return status;
  }
  if (!flags.metrics_listen_addr.empty()) {
    absl::Status status = CheckListenAddress("--metrics-listen-addr", flags.metrics_listen_addr);
    if (!status.ok()) return status;
  }
  if (flags.grpc_server_cred_bundle.empty() && !flags.allow_plaintext &&
      !IsLoopback(flags.grpc_listen_addr)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--grpc-listen-addr ", flags.grpc_listen_addr,
                     " is not a loopback address: give --grpc-server-cred-bundle to serve TLS, or "
                     "--allow-plaintext if the network is trusted"));
  }
  if (!flags.client_ca_certs.empty() && flags.grpc_server_cred_bundle.empty()) {
    return InvalidArgumentError("--client-ca-certs needs --grpc-server-cred-bundle");
  }
  if (absl::Status status = CheckAccess(flags); !status.ok()) return status;
  if (absl::Status status = CheckTracing(flags); !status.ok()) return status;
  const bool embedded = flags.redis_cluster_address.empty();
  if (flags.demo_actors > 0 && !embedded) {
    return InvalidArgumentError(
        "--demo-actors fills only the embedded store; omit --redis-cluster-address");
  }
  if (embedded && (!flags.redis_ca_certs.empty() || !flags.redis_client_cert.empty() ||
                   !flags.redis_tls_server_name.empty() || !flags.redis_username.empty() ||
                   !flags.redis_password_file.empty())) {
    return InvalidArgumentError("the --redis-… flags need --redis-cluster-address");
  }
  if (!flags.redis_username.empty() && flags.redis_password_file.empty()) {
    return InvalidArgumentError("--redis-username needs --redis-password-file");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status AtFlag(std::string_view flag, const absl::Status& status) {
  return {status.code(), absl::StrCat(ToAbsl(flag), ": ", status.message())};
}

std::string EnvironmentName(std::string_view flag) {
  while (!flag.empty() && flag.front() == '-') flag.remove_prefix(1);
  if (flag == "redis-cluster-address") return "ATE_API_REDIS_ADDRESS";
  std::string name = "ATE_API_";
  for (const char c : flag) {
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

absl::StatusOr<ParsedFlags> ParseFlags(const std::vector<std::string>& arguments,
                                       const Environment& environment) {
  CLI::App app("The actor API over a Redis Cluster.", "ateapi");
  RawFlags raw;
  app.add_flag("--version", raw.version, "print the version and exit");
  DefineTexts(app, raw.flags);
  DefineOthers(app, raw);

  std::vector<std::string> resolved = arguments;
  if (absl::Status status = ResolveEnvironment(resolved, environment); !status.ok()) return status;
  std::reverse(resolved.begin(), resolved.end());  // CLI11 takes the last argument first
  ParsedFlags parsed;
  try {
    app.parse(resolved);
  } catch (const CLI::CallForHelp&) {
    parsed.text_to_print = app.help();
    return parsed;
  } catch (const CLI::ParseError& error) {
    return absl::InvalidArgumentError(absl::StrCat(error.what(), "; see ateapi --help"));
  }
  if (raw.version) {
    parsed.text_to_print = std::string(kVersionText);
    return parsed;
  }
  absl::StatusOr<std::vector<Endpoint>> seeds = ParseSeeds(raw.redis_cluster_address);
  if (!seeds.ok()) return seeds.status();
  parsed.flags = std::move(raw.flags);
  parsed.flags.redis_cluster_address = *std::move(seeds);
  parsed.flags.request_timeout = std::chrono::seconds(raw.request_timeout_seconds);
  parsed.flags.answer_timeout = std::chrono::seconds(raw.answer_timeout_seconds);
  parsed.flags.startup_timeout = std::chrono::seconds(raw.startup_timeout_seconds);
  parsed.flags.shutdown_grace = std::chrono::seconds(raw.shutdown_grace_seconds);
  if (absl::Status status = Check(parsed.flags); !status.ok()) return status;
  return parsed;
}

}  // namespace atestore
