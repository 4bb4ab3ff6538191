#include <chrono>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "apps/mockcluster/fault_injector.h"
#include "apps/mockcluster/flags.h"
#include "apps/mockcluster/http_server.h"
#include "core/key_filter.h"
#include "core/status.h"
#include "mockcluster/cluster.h"
#include "mockcluster/keyspace/synthetic_actors.h"
#include "mockcluster/tcp/front.h"

namespace mockcluster {
namespace {

absl::Status PutDemoActors(Cluster& cluster, const SyntheticActors& actors) {
  SyntheticActorNames names(actors);
  for (size_t slot = 0; slot < atestore::kSlotCount; ++slot) {
    for (uint64_t index = 0; index < names.CountInSlot(static_cast<Slot>(slot)); ++index) {
      absl::Status put = cluster.Put(names.Key(static_cast<Slot>(slot), index),
                                     names.Value(static_cast<Slot>(slot), index));
      if (!put.ok()) return put;
    }
  }
  return absl::OkStatus();
}

absl::Status PutAtespaces(Cluster& cluster, uint32_t atespaces) {
  for (uint32_t number = 0; number < atespaces; ++number) {
    std::string name = absl::StrCat("space-", number);
    absl::Status put = cluster.Put(atestore::AtespaceKey(name), "{\"name\":\"" + name + "\"}");
    if (!put.ok()) return put;
  }
  return absl::OkStatus();
}

absl::Status Populate(Cluster& cluster, const Flags& flags) {
  if (flags.demo_actors == 0 && !flags.cluster.synthetic) return absl::OkStatus();
  absl::Status put = PutAtespaces(cluster, flags.atespaces);
  if (!put.ok()) return put;
  return PutDemoActors(cluster, {.actors = flags.demo_actors, .atespaces = flags.atespaces});
}

void Announce(const Cluster& cluster, const HttpServer* http) {
  std::cout << "mockcluster is ready:";
  for (const NodeInfo& node : cluster.Nodes()) {
    std::cout << " " << ToString(node.endpoint) << (node.primary ? " (replica)" : "");
  }
  if (http != nullptr) std::cout << "; HTTP on " << ToString(http->address());
  std::cout << std::endl;
}

int Fail(const absl::Status& status) {
  std::cerr << "mockcluster: " << status.message() << std::endl;
  return 1;
}

int Run(const Flags& flags) {
  Cluster cluster(flags.cluster);
  absl::Status populated = Populate(cluster, flags);
  TcpFront front(cluster, flags.front);
  absl::Status listening = populated.ok() ? front.Listen() : populated;
  if (!listening.ok()) return Fail(listening);
  if (flags.faults_per_1000_commands > 0) {
    cluster.SetFaultPlan(FaultPlan::Everything(flags.cluster.seed, flags.faults_per_1000_commands,
                                               /*faults_max=*/0));
  }
  // Called on the front's thread alone.
  FaultInjector injector(cluster, [&front](int64_t delay_ms, std::function<void()> task) {
    front.Post(std::move(task), std::chrono::milliseconds(delay_ms));
  });
  absl::StatusOr<std::unique_ptr<HttpServer>> http = nullptr;
  if (flags.http) {
    http = HttpServer::Listen(
        *flags.http, [&](const HttpRequest& request, std::function<void(HttpReply)> reply) {
          front.Post([&injector, request, reply] { reply(injector.Answer(request)); });
        });
  }
  if (!http.ok()) return Fail(http.status());
  Announce(cluster, http->get());
  front.Run();
  return 0;
}

}  // namespace
}  // namespace mockcluster

int main(int argc, char** argv) {
  std::variant<mockcluster::Flags, int> flags = mockcluster::ParseFlags(argc, argv);
  if (const int* exit_code = std::get_if<int>(&flags)) return *exit_code;
  return mockcluster::Run(std::get<mockcluster::Flags>(flags));
}
