#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "core/endpoint.h"
#include "store/key_listing.h"
#include "store/redis/redis_transport.h"

namespace slotscan {

enum class Format { kPlain, kJsonLines };

struct Flags {
  atestore::Endpoint server{.host = "127.0.0.1", .port = 6379};
  std::string user;
  std::string password;
  bool ask_password = false;
  bool tls = false;
  atestore::RedisTlsOptions tls_options;
  atestore::KeyQuery query;
  bool count = false;
  Format format = Format::kPlain;
  size_t parallel = 0;  // 0: one per primary
  int64_t rate = 0;     // keys per second; 0: no limit
  std::vector<std::string> resume;
};

// Exit codes.
inline constexpr int kExitComplete = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitLongKeys = 3;       // complete, except keys too long to list
inline constexpr int kExitInterrupted = 130;  // as in shells after SIGINT

// The parsed command line and REDISCLI_AUTH; or the exit code if there is nothing left to do: help,
// version, a wrong flag.
std::variant<Flags, int> ParseFlags(int argc, char** argv);

// The command that continues at `tokens`, quoted for a shell. It never contains the password.
std::string ResumeCommand(const Flags& flags, const std::vector<std::string>& tokens);

}  // namespace slotscan
