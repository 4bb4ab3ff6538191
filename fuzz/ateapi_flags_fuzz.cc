// The command line of ateapi. Oracles: it is understood, or refused in one line; what is accepted
// does not serve plaintext where others can reach it.
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/match.h"
#include "apps/ateapi/flags.h"
#include "core/status.h"
#include "fuzz/arguments.h"
#include "fuzz/require.h"

namespace {

using atestore::Flags;
using atestore::fuzz::Require;

std::optional<std::string> FakeEnvironment(const std::string& name) {
  if (name == "ATE_API_REDIS_ADDRESS") return "redis-0:6379,redis-1:6379";
  if (name == "ATE_API_REDIS_USERNAME") return "operator";
  if (name == "ATE_API_GRPC_LISTEN_ADDR") return "0.0.0.0:8443";
  if (name == "ATE_API_LOG_LEVEL") return "@env";
  return std::nullopt;
}

// An address that is surely reachable for others, told in another way than the checked code does.
bool IsOpenToOthers(std::string_view listen_address) {
  constexpr std::array<std::string_view, 6> kOpen = {"0.0.0.0",  "[::]", "10.",
                                                     "192.168.", "*",    "example"};
  for (std::string_view prefix : kOpen) {
    if (listen_address.starts_with(prefix)) return true;
  }
  return listen_address.starts_with(":");
}

void CheckFlags(const Flags& flags) {
  if (IsOpenToOthers(flags.grpc_listen_addr)) {
    Require(flags.allow_plaintext || !flags.grpc_server_cred_bundle.empty(),
            "no plaintext where others can reach it");
  }
  const bool tells_callers = !flags.client_ca_certs.empty() || !flags.jwt_issuer.empty();
  if (!flags.authorization_policy_file.empty()) {
    Require(tells_callers, "a policy comes with a way to tell callers");
  } else if (IsOpenToOthers(flags.grpc_listen_addr)) {
    Require(tells_callers || flags.allow_anonymous || flags.allow_plaintext,
            "whoever comes is served only where that is said");
    Require(flags.jwt_issuer.empty(), "tokens come with a policy");
  }
  Require(flags.client_ca_certs.empty() || !flags.grpc_server_cred_bundle.empty(),
          "clients are asked for certificates over TLS only");
  for (const atestore::Endpoint& seed : flags.redis_cluster_address) {
    Require(seed.port != 0, "an address has a port");
  }
  Require(flags.listings_max >= 1 && flags.demo_actors >= 0, "numbers are in range");
  Require(flags.startup_timeout.count() >= 1 && flags.shutdown_grace.count() >= 0,
          "times are in range");
  if (!flags.redis_username.empty()) {
    Require(!flags.redis_password_file.empty(), "a user has a password");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::vector<std::string> arguments = atestore::fuzz::ArgumentsOf(data, size);
  absl::StatusOr<atestore::ParsedFlags> parsed = atestore::ParseFlags(arguments, FakeEnvironment);
  if (!parsed.ok()) {
    Require(absl::IsInvalidArgument(parsed.status()), "a mistake is INVALID_ARGUMENT");
    Require(!parsed.status().message().empty(), "a mistake is named");
    return 0;
  }
  if (!parsed->text_to_print) CheckFlags(parsed->flags);
  return 0;
}
