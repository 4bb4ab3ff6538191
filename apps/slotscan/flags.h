#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "core/topology.h"
#include "store/key_listing.h"
#include "store/redis/redis_options.h"

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
  size_t parallel = 0;  // 0: as many as there are primaries
  int64_t rate = 0;     // keys a second; 0: no limit
  std::vector<std::string> resume;
};

// How the program ends.
inline constexpr int kExitComplete = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitLongKeys = 3;       // complete, but for keys that are too long to list
inline constexpr int kExitInterrupted = 130;  // as shells have it for SIGINT

// What the command line says, REDISCLI_AUTH included; or the exit code, when it was answered here:
// help, the version, a mistake.
std::variant<Flags, int> ParseFlags(int argc, char** argv);

// The command that goes on with `tokens`, quoted for a shell. Never has the password.
std::string ResumeCommand(const Flags& flags, const std::vector<std::string>& tokens);

}  // namespace slotscan
