#include "tests/e2e/mockcluster_process.h"

#include <fstream>
#include <sstream>

#include "core/status.h"
#include "gtest/gtest.h"

namespace atestore {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(20);

std::string ReadFile(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

absl::Status MockclusterProcess::Start(const std::vector<std::string>& flags) {
  // Only the first port is leased; when one of the next is taken, the program says so and ends.
  constexpr int kAttempts = 20;
  std::string said;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    absl::StatusOr<PortLease> lease = PortLease::Take();
    if (!lease.ok()) return lease.status();
    base_port_ = lease->port();
    leases_.push_back(*std::move(lease));
    std::vector<std::string> command = {MOCKCLUSTER_PROGRAM, "--port", std::to_string(base_port_)};
    command.insert(command.end(), flags.begin(), flags.end());
    std::filesystem::path output = directory_.path() / std::to_string(base_port_);
    absl::Status started = process_.Start(command, output);
    if (!started.ok()) return started;
    bool ready = false;
    Poll(kPatience, [&] {
      ready = ReadFile(output).find("mockcluster is ready:") != std::string::npos;
      return ready || !process_.running();
    });
    if (ready) return absl::OkStatus();
    said = ReadFile(output);
  }
  return UnavailableError("mockcluster did not start: " + said);
}

absl::StatusOr<HiredisClient> MockclusterProcess::Connect(int index) const {
  return HiredisClient::Connect({"127.0.0.1", port(index)}, /*password=*/"", kPatience);
}

HiredisReply MockclusterProcess::AskReply(int index, const HiredisClient::Command& command) const {
  absl::StatusOr<HiredisClient> client = Connect(index);
  absl::StatusOr<HiredisReply> reply = client.ok() ? client->Execute(command) : client.status();
  if (reply.ok()) return *std::move(reply);
  ADD_FAILURE() << reply.status();
  return {};
}

std::string MockclusterProcess::Ask(int index, const HiredisClient::Command& command) const {
  HiredisReply reply = AskReply(index, command);
  return reply.text;
}

}  // namespace atestore
