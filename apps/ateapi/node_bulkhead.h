#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace atestore {

// So many calls may wait for a node that has been silent for so long; more are refused at once.
struct NodePatience {
  absl::Duration silence;
  int64_t waiting_max;
};
inline constexpr NodePatience kSlowNode = {.silence = absl::Milliseconds(500), .waiting_max = 96};
inline constexpr NodePatience kSilentNode = {.silence = absl::Milliseconds(1500),
                                             .waiting_max = 16};

// Keeps calls from waiting in numbers for nodes that do not answer, so that these do not hold the
// threads that calls to other nodes need. A call is a thread: it waits for a node while it has sent
// something there, and while it pauses between two attempts after a failure there, until EndCall().
// A node that answers is never in the way, however many calls it has. Thread-safe.
class NodeBulkhead {
 public:
  using OnRefused = std::function<void(const std::string& node)>;

  explicit NodeBulkhead(OnRefused on_refused);
  ~NodeBulkhead();
  NodeBulkhead(const NodeBulkhead&) = delete;
  NodeBulkhead& operator=(const NodeBulkhead&) = delete;

  // While it lives, this thread is never refused: it finds out whether nodes answer.
  class Exemption {
   public:
    Exemption();
    ~Exemption();
    Exemption(const Exemption&) = delete;
    Exemption& operator=(const Exemption&) = delete;
  };

  // What is known of a node. Lives as long as the bulkhead.
  class Node;
  Node& Find(const std::string& name);

  // Before the call of this thread sends something to the node. OK: then Leave() must follow.
  // RESOURCE_EXHAUSTED (reason NODE_NOT_ANSWERING, marked as not sent): too many calls wait for it
  // already.
  absl::Status Enter(Node& node);
  // The same for more of a round trip that was admitted: never refused.
  void Join(Node& node);
  // The node said something. Cheap.
  static void Heard(Node& node);
  // The call of this thread waits for the node no longer.
  void Leave(Node& node);
  // After a round trip: it failed at this node, so that the call will pause and try again.
  void Pause(Node& node);
  // After a round trip that did not fail.
  void Resume();
  // The call of this thread is over. Threads that end need not say so.
  static void EndCall();

  // How many calls wait for each node.
  std::map<std::string, int64_t> Waiting();

 private:
  const OnRefused on_refused_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Node>> nodes_;
};

}  // namespace atestore
