#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/key_filter.h"
#include "mockcluster/cluster.h"
#include "store/cluster/cluster_client.h"
#include "store/embedded/embedded_transport.h"
#include "store/error_info.h"
#include "store/records/records.h"
#include "tests/support/manual_clock.h"

// Single records over the emulator, in every flavour.
namespace atestore {

using ateapi::Actor;
using mockcluster::Cluster;
using mockcluster::NodeIndex;

inline std::string Reason(const absl::Status& status) {
  std::optional<ErrorInfo> info = GetErrorInfo(status);
  return info ? info->reason : "";
}

inline ateapi::ActorRef Ref(std::string atespace, std::string name) {
  ateapi::ActorRef ref;
  ref.set_atespace(std::move(atespace));
  ref.set_name(std::move(name));
  return ref;
}

inline ateapi::CreateActorRequest Create(std::string atespace, std::string name) {
  ateapi::CreateActorRequest request;
  *request.mutable_actor_ref() = Ref(std::move(atespace), std::move(name));
  request.set_actor_template_namespace("agents");
  request.set_actor_template_name("python.v1");
  return request;
}

inline ateapi::UpdateActorRequest Update(const ateapi::ActorRef& ref, std::string zone) {
  ateapi::UpdateActorRequest request;
  *request.mutable_actor_ref() = ref;
  (*request.mutable_worker_selector()->mutable_match_labels())["zone"] = std::move(zone);
  return request;
}

class RecordsTest : public ::testing::TestWithParam<mockcluster::Flavor> {
 protected:
  RecordsTest() {
    With([&](Cluster& cluster) {
      raw_ = &cluster;
      EXPECT_TRUE(cluster.Put("atespace:a", "{}").ok());
    });
  }

  template <typename Use>
  std::invoke_result_t<Use, Cluster&> With(Use use) {
    return cluster_->With(use);
  }

  // The slot of actor a/one, and a primary that does not own it.
  const Slot slot_ = KeySlot(ActorKey("a", "one"));
  NodeIndex AnotherPrimary() {
    return With([&](Cluster& cluster) {
      for (NodeIndex node : cluster.Primaries()) {
        if (node != *cluster.OwnerOf(slot_)) return node;
      }
      return NodeIndex{};
    });
  }
  void CreateOne() {
    absl::StatusOr<Actor> actor = records_.CreateActor(Create("a", "one"), {});
    ASSERT_TRUE(actor.ok()) << actor.status();
  }
  // Runs `event` once, just before the first `command` that a client sends.
  void BeforeFirst(std::string command,
                   std::function<void(const mockcluster::NextCommand&)> event) {
    With([&](Cluster& cluster) {
      cluster.SetBetweenCommands([command, event, done = std::make_shared<bool>(false)](
                                     const mockcluster::NextCommand& next) {
        if (*done || next.arguments[0] != command) return;
        *done = true;
        event(next);
      });
    });
  }

  // A command of somebody else, to the owner of the record of a/one; from inside a hook.
  std::string Other(std::vector<std::string_view> arguments) {
    mockcluster::ClientId client = *raw_->Connect(raw_->Node(*raw_->OwnerOf(slot_)).endpoint);
    std::string reply;
    raw_->Execute(client, arguments, &reply);
    raw_->Disconnect(client);
    return reply;
  }
  // What is stored; "": nothing.
  std::string Stored(const std::string& key) {
    return With([&](Cluster& cluster) { return cluster.ReachableValue(key).value_or(""); });
  }
  void Store(const std::string& key, std::string_view value) {
    With([&](Cluster& cluster) { return cluster.Put(key, value); }).IgnoreError();
  }

  std::shared_ptr<EmbeddedCluster> cluster_ = std::make_shared<EmbeddedCluster>(
      mockcluster::ClusterOptions{.replicas_per_primary = 1, .flavor = GetParam()});
  EmbeddedTransport transport_{cluster_};
  // For hooks, which run while the cluster is held already.
  Cluster* raw_ = nullptr;
  ManualClock clock_{[this](absl::Duration waited) {
    With([&](Cluster& cluster) { cluster.AdvanceTime(absl::ToInt64Milliseconds(waited) + 1); });
  }};
  ClusterClient client_{transport_, clock_, cluster_->Endpoints(), {}};
  Records records_{client_};
};

}  // namespace atestore
