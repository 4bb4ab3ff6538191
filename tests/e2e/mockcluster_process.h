#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/support/hiredis_client.h"
#include "tests/support/server_process.h"

namespace atestore {

// The program mockcluster as a child process, on ports of its own.
class MockclusterProcess {
 public:
  // Starts it with these flags (without --port) and waits until its nodes listen. UNAVAILABLE
  // with its output when it does not come up.
  absl::Status Start(const std::vector<std::string>& flags);

  // The port of node `index`.
  uint16_t port(int index) const { return static_cast<uint16_t>(base_port_ + index); }
  ChildProcess& process() { return process_; }

  // A connection to node `index`. UNAVAILABLE.
  absl::StatusOr<HiredisClient> Connect(int index) const;
  // One command on a connection of its own; error replies are replies. Fails the test when there is
  // no reply.
  HiredisReply AskReply(int index, const HiredisClient::Command& command) const;
  // … its text.
  std::string Ask(int index, const HiredisClient::Command& command) const;

 private:
  TempDir directory_;
  std::vector<PortLease> leases_;
  uint16_t base_port_ = 0;
  ChildProcess process_;
};

}  // namespace atestore
