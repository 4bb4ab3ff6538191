#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "core/endpoint.h"
#include "mockcluster/options.h"
#include "mockcluster/tcp/front.h"

namespace mockcluster {

struct Flags {
  ClusterOptions cluster;
  TcpFrontOptions front;
  std::optional<atestore::Endpoint> http;  // where the HTTP API listens
  uint64_t demo_actors = 0;                // stored, unlike cluster.synthetic
  uint32_t atespaces = 50;
  uint32_t faults_per_1000_commands = 0;
};

// The flags, or the exit code if there is nothing left to do (help, version, a wrong flag).
std::variant<Flags, int> ParseFlags(int argc, char** argv);

}  // namespace mockcluster
