#include "tests/worlds/step_transport.h"

#include <algorithm>
#include <array>
#include <bit>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/position.h"
#include "core/status.h"
#include "store/transport/request_queue.h"

namespace atestore {
namespace {

// Lines of INFO and CLUSTER INFO that can decide anything.
constexpr std::array<std::string_view, 9> kLinesThatCount = {
    "run_id:",        "cmdstat_cluster|setslot:calls=",
    "loading:",       "async_loading:",
    "role:",          "cluster_",
    "redis_version:", "valkey_version:",
    "server_name:"};
// A time in milliseconds has so many digits, nothing else has.
constexpr size_t kTimeDigits = 13;

bool IsBlind(std::string_view command, bool in_multi) {
  if (command == "MULTI" || command == "ASKING") return true;
  return in_multi && (command == "CLUSTER" || command == "INFO" || command == "SCAN");
}

bool IsDigit(char letter) { return letter >= '0' && letter <= '9'; }

}  // namespace

void History::Add(uint64_t value) {
  state_ = (std::rotl(state_, 23) ^ value) * 0x9E3779B97F4A7C15u;
  state_ ^= state_ >> 29;
}

void History::Add(std::string_view text) { Add(HashKey(text)); }

void History::Add(const ReplyView& reply) {
  Add(static_cast<uint64_t>(reply.type()) + 16 * reply.size());
  if (reply.is_array()) {
    for (ReplyView element : reply) Add(element);
    return;
  }
  Add(static_cast<uint64_t>(reply.integer()));
  std::string_view text = reply.text();
  if (text.starts_with("# ") || text.starts_with("cluster_")) {
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = std::min(text.find("\r\n", begin), text.size());
      std::string_view line = text.substr(begin, end - begin);
      auto begins = [line](std::string_view name) { return line.starts_with(name); };
      const bool counts = std::any_of(kLinesThatCount.begin(), kLinesThatCount.end(), begins);
      if (counts) Add(line.substr(0, line.find(',')));
      begin = end + 2;
    }
    return;
  }
  if (text.find("myself,") != std::string_view::npos) {
    std::string kept;
    for (size_t begin = 0; begin < text.size();) {
      size_t end = begin;
      while (end < text.size() && IsDigit(text[end])) ++end;
      if (end == begin) ++end;
      if (end - begin < kTimeDigits) kept += text.substr(begin, end - begin);
      begin = end;
    }
    return Add(std::string_view(kept));
  }
  Add(text);
}

StepTransport::~StepTransport() {
  for (const auto& [endpoint, connection] : connections_) cluster_.Disconnect(connection.client);
}

void StepTransport::Execute(std::span<const ShardRequest> requests, absl::Time,
                            ReplyObserver& observer) {
  RequestQueue queue(requests);
  for (size_t index = 0; index < queue.size(); ++index) {
    absl::Status status =
        stopped_ ? CancelledError("stopped") : ExecuteOne(index, queue[index], observer);
    if (!status.ok()) {
      history_.Add(status.ToString().size());
      observer.OnFailure(index, status);
    } else if (!stopped_) {
      queue.Append(observer.More());
    }
  }
}

uint32_t StepTransport::connections() const {
  uint32_t connections = 0;
  for (const auto& [endpoint, connection] : connections_) {
    const uint32_t state = cluster_.IsOpen(connection.client) ? 1 : 2;
    connections |= state << 2 * static_cast<size_t>(*cluster_.FindNode(endpoint));
  }
  return connections;
}

StepTransport::Connection* StepTransport::Connect(const Endpoint& endpoint) {
  auto found = connections_.find(endpoint);
  if (found != connections_.end() && cluster_.IsOpen(found->second.client)) return &found->second;
  if (found != connections_.end()) Disconnect(endpoint);
  absl::StatusOr<mockcluster::ClientId> client = cluster_.Connect(endpoint);
  if (!client.ok()) return nullptr;
  Connection connection{.client = *client, .reader = std::make_unique<RespReader>()};
  return &connections_.emplace(endpoint, std::move(connection)).first->second;
}

void StepTransport::Disconnect(const Endpoint& endpoint) {
  auto found = connections_.find(endpoint);
  cluster_.Disconnect(found->second.client);
  connections_.erase(found);
}

absl::Status StepTransport::ExecuteOne(size_t index, const ShardRequest& request,
                                       ReplyObserver& observer) {
  RespReader commands;
  commands.Feed(request.pipeline.bytes());
  const std::optional<mockcluster::NodeIndex> node = cluster_.FindNode(request.endpoint);
  if (!node) return UnavailableError("nobody has this address");
  Connection* connection = nullptr;
  bool in_multi = false;
  for (size_t command = 0; command < request.pipeline.size(); ++command) {
    const ReplyView words = **commands.Next();
    std::vector<std::string_view> arguments;
    for (ReplyView word : words) arguments.push_back(word.text());
    if (!steps_.OnBoundary({.node = *node, .is_blind = IsBlind(arguments[0], in_multi)})) {
      stopped_ = true;
      return CancelledError("stopped");
    }
    if (arguments[0] == "MULTI") in_multi = true;
    if (command == 0) connection = Connect(request.endpoint);
    std::string bytes;
    if (connection != nullptr &&
        cluster_.Execute(connection->client, arguments, &bytes) == mockcluster::Delivery::kSilent) {
      Disconnect(request.endpoint);
      return DeadlineExceededError(
          absl::StrCat("node ", ToString(request.endpoint), ": no reply before the deadline"));
    }
    if (bytes.empty()) {
      return UnavailableError(absl::StrCat("node ", ToString(request.endpoint), ": no connection"));
    }
    connection->reader->Feed(bytes);
    const ReplyView reply = **connection->reader->Next();
    history_.Add(reply);
    observer.OnReply(index, command, reply);
  }
  return absl::OkStatus();
}

}  // namespace atestore
