#include "apps/ate-bench/target.h"

#include <sys/resource.h>

#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/status.h"
#include "store/cluster/execute_at.h"

namespace atestore {
namespace {

// The value of the line "name:value" of INFO.
std::string InfoValue(std::string_view info, std::string_view name) {
  size_t start = info.find(name);
  if (start == std::string_view::npos) return "";
  start += name.size() + 1;
  return std::string(info.substr(start, info.find('\r', start) - start));
}

}  // namespace

std::vector<Endpoint> Target::Primaries() const {
  std::vector<Endpoint> endpoints;
  for (const ClusterNode& node : topology->primaries()) endpoints.push_back(node.endpoint);
  return endpoints;
}

absl::StatusOr<std::vector<Reply>> Target::RunEverywhere(
    std::initializer_list<std::string_view> command) {
  std::vector<Reply> all;
  for (const Endpoint& endpoint : Primaries()) {
    ShardRequest request{.endpoint = endpoint};
    request.pipeline.Add(command);
    absl::StatusOr<std::vector<Reply>> replies =
        ExecuteAt(*transport, request, clock.Now() + absl::Seconds(10));
    if (!replies.ok()) return replies.status();
    ReplyView reply = replies->front().view();
    if (reply.is_error()) {
      return ExplainServerError(ParseServerError(reply.text(), endpoint), endpoint);
    }
    all.push_back(std::move(replies->front()));
  }
  return all;
}

absl::StatusOr<std::vector<Endpoint>> ParseAddresses(const std::vector<std::string>& addresses) {
  std::vector<Endpoint> endpoints;
  for (const std::string& address : addresses) {
    absl::StatusOr<Endpoint> endpoint = ParseEndpoint(address);
    if (!endpoint.ok()) return endpoint.status();
    endpoints.push_back(*std::move(endpoint));
  }
  return endpoints;
}

absl::StatusOr<std::unique_ptr<Target>> OpenTarget(const std::vector<std::string>& addresses) {
  absl::StatusOr<std::vector<Endpoint>> seeds = ParseAddresses(addresses);
  if (!seeds.ok()) return seeds.status();
  absl::StatusOr<std::unique_ptr<RedisTransport>> transport = RedisTransport::Create({});
  if (!transport.ok()) return transport.status();
  auto target = std::make_unique<Target>();
  target->transport = *std::move(transport);
  target->client = std::make_unique<ClusterClient>(*target->transport, target->clock,
                                                   *std::move(seeds), RetryOptions{});
  absl::StatusOr<std::shared_ptr<const Topology>> topology =
      target->client->Refresh(nullptr, target->clock.Now() + absl::Seconds(10));
  if (!topology.ok()) return topology.status();
  if ((*topology)->covered_slots() != kSlotCount) {
    return UnavailableError(absl::StrCat("only ", (*topology)->covered_slots(), " of ", kSlotCount,
                                         " slots have an owner"));
  }
  target->topology = *std::move(topology);
  return target;
}

absl::StatusOr<std::unique_ptr<ActorStore>> OpenStore(const std::vector<std::string>& addresses) {
  StoreOptions options;
  absl::StatusOr<std::vector<Endpoint>> seeds = ParseAddresses(addresses);
  if (!seeds.ok()) return seeds.status();
  options.seeds = *std::move(seeds);
  absl::StatusOr<std::unique_ptr<RedisTransport>> transport = RedisTransport::Create({});
  if (!transport.ok()) return transport.status();
  return ActorStore::Open(*std::move(transport), options);
}

double ClientCpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double ServerCpuSeconds(Target& target) {
  absl::StatusOr<std::vector<Reply>> replies = target.RunEverywhere({"INFO", "cpu"});
  if (!replies.ok()) return 0;
  double sum = 0;
  for (const Reply& reply : *replies) {
    std::string_view info = reply.view().text();
    sum += std::strtod(InfoValue(info, "used_cpu_user").c_str(), nullptr);
    sum += std::strtod(InfoValue(info, "used_cpu_sys").c_str(), nullptr);
  }
  return sum;
}

std::string ServerName(Target& target) {
  absl::StatusOr<std::vector<Reply>> replies = target.RunEverywhere({"INFO", "server"});
  if (!replies.ok()) return "unknown";
  std::string_view info = replies->front().view().text();
  std::string valkey = InfoValue(info, "valkey_version");
  return valkey.empty() ? "redis " + InfoValue(info, "redis_version") : "valkey " + valkey;
}

}  // namespace atestore
