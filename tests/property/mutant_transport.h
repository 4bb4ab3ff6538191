#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/server_error.h"
#include "store/shard_transport.h"

namespace atestore {

// A mistake that the walk could have made, made for it on its way to the servers.
enum class Mutation {
  kNoProbe,           // without the keyed EXISTS and PFCOUNT
  kNoHeldProbe,       // without PFCOUNT alone
  kNoOwnView,         // the node's view is taken to be: I own every slot and none moves
  kDestinationFirst,  // the names of a slot in migration: destination, then source
  kNoVerification,    // the source is not looked at again after the destination
  kNoRunId,           // a SCAN cursor is used with whatever process answers
  // On clusters that misbehave:
  kMovedMeansOrphans,  // a destination that answers MOVED has no key that counts
  kServerRemembered,   // what server listens at an address is known once and for all
  kNoClusterState,     // cluster_state:fail is not looked at
  kNilMeansGone,       // a key that the source sends on and the destination lacks is deleted
  kNoIdentity,         // whoever listens at an address is the node that was there
};

// Carries requests on as if the walk had this mistake in it.
class MutantTransport final : public ShardTransport {
 public:
  MutantTransport(Mutation mutation, ShardTransport& transport)
      : mutation_(mutation), transport_(transport) {}

  void Execute(std::span<const ShardRequest> requests, absl::Time deadline,
               ReplyObserver& observer) override;
  std::unique_ptr<ShardTransport> Exclusive() override { return transport_.Exclusive(); }

 private:
  using Command = std::vector<std::string>;
  // The replies to one request, in wire form; nothing: it failed.
  using Answer = std::optional<std::vector<std::string>>;

  Answer ExecuteMutated(const ShardRequest& request);
  Answer Send(const Endpoint& endpoint, const std::vector<Command>& commands,
              const std::string& node_id = {});
  void Learn(const std::vector<Command>& commands, const std::vector<Reply>& replies,
             const Endpoint& endpoint);
  void ReadDestinationEarly();
  Answer ReadDestinationPastMoved(const Endpoint& destination, std::vector<Command> commands);
  // Makes the walk pass over keys that the destination lacks. `answer` is of ASKING and GET in
  // turn.
  static void PassOverNil(std::vector<std::string>& answer);
  // A string of a reply as the mistaken walk would take it.
  std::string Falsify(std::string text, const Endpoint& endpoint);

  const Mutation mutation_;
  ShardTransport& transport_;
  std::optional<ServerError> last_ask_;
  std::string last_ask_text_;
  Command last_probe_;
  std::string last_info_;  // a reply to INFO server commandstats, in wire form
  Answer early_destination_;
  std::map<Endpoint, std::string> first_servers_;  // the versions in INFO server, as first told
};

}  // namespace atestore
