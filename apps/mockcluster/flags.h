#pragma once

#include <cstdint>
#include <variant>

#include "mockcluster/options.h"
#include "mockcluster/tcp/front.h"

namespace mockcluster {

struct Flags {
  ClusterOptions cluster;
  TcpFrontOptions front;
  uint64_t demo_actors = 0;  // stored, unlike cluster.synthetic
  uint32_t atespaces = 50;
  uint32_t faults_per_1000_commands = 0;
};

// The flags, or the exit code if there is nothing left to do (help, version, a wrong flag).
std::variant<Flags, int> ParseFlags(int argc, char** argv);

}  // namespace mockcluster
