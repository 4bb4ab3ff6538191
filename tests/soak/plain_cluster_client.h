#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "tests/support/hiredis_client.h"

namespace atestore {

// The slot of a key, computed here and not by the code under test.
uint16_t PlainSlotOf(std::string_view key);

// What a cluster client learns about one key.
struct PlainAnswer {
  enum class Kind {
    kReply,   // the node that is responsible executed the command: `reply` is what it said
    kUnclear  // nobody did, or nobody knows: redirects without end, errors, silence
  };
  Kind kind = Kind::kUnclear;
  HiredisReply reply;
  std::string why;  // of kUnclear: the last error
};

// A plain cluster client, as an application would have: it routes by slot, follows redirects, and
// knows nothing of the store, whose listings it judges. It asks every node for its view and
// believes the highest configuration epoch, so that a minority does not fool it. Not thread-safe.
class PlainClusterClient {
 public:
  using Command = HiredisClient::Command;

  // `ports` on loopback; a node that does not answer within `timeout` is left alone for a second.
  PlainClusterClient(std::vector<uint16_t> ports, absl::Duration timeout);
  ~PlainClusterClient();

  // Asks all nodes for their views.
  void Refresh();
  // One command on its key, the second word.
  PlainAnswer Execute(const Command& command);
  // GET of all of them, pipelined to the owners, each redirected one followed alone.
  std::vector<PlainAnswer> GetAll(const std::vector<std::string>& keys);

 private:
  struct Node;

  Node& NodeAt(uint16_t port);
  // Replies to all commands, or fewer when the connection broke.
  std::vector<HiredisReply> Send(uint16_t port, const std::vector<Command>& commands);
  PlainAnswer Follow(const Command& command, uint16_t port, bool asking);

  const std::vector<uint16_t> ports_;
  const absl::Duration timeout_;
  std::map<uint16_t, std::unique_ptr<Node>> nodes_;
  std::vector<uint16_t> owners_;  // port by slot; 0: none known
};

}  // namespace atestore
