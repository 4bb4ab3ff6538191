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

// Once a node has been silent for `silence`, at most `waiting_max` calls may wait for it; further
// calls are refused at once.
struct NodePatience {
  absl::Duration silence;
  int64_t waiting_max;
};
inline constexpr NodePatience kSlowNode = {.silence = absl::Milliseconds(500), .waiting_max = 96};
inline constexpr NodePatience kSilentNode = {.silence = absl::Milliseconds(1500),
                                             .waiting_max = 16};

// Limits how many calls wait for a node that does not answer, so that they do not hold the threads
// that calls to other nodes need. A call is identified by its thread. It waits for a node while a
// request is in flight there, and while it pauses after a failure there, until EndCall(). A node
// that answers is never limited, however many calls it has. Thread-safe.
class NodeBulkhead {
 public:
  using OnRefused = std::function<void(const std::string& node)>;

  explicit NodeBulkhead(OnRefused on_refused);
  ~NodeBulkhead();
  NodeBulkhead(const NodeBulkhead&) = delete;
  NodeBulkhead& operator=(const NodeBulkhead&) = delete;

  // While it lives, this thread is never refused: it checks whether nodes answer.
  class Exemption {
   public:
    Exemption();
    ~Exemption();
    Exemption(const Exemption&) = delete;
    Exemption& operator=(const Exemption&) = delete;
  };

  // The state of a node. Valid as long as the bulkhead.
  class Node;
  Node& Find(const std::string& name);

  // Call this before the thread sends something to the node. OK: Leave() must follow.
  // RESOURCE_EXHAUSTED (reason NODE_NOT_ANSWERING, marked as not sent): too many calls already wait
  // for the node.
  absl::Status Enter(Node& node);
  // The same for further requests of an admitted round trip: never refused.
  void Join(Node& node);
  // The node sent something. Cheap.
  static void Heard(Node& node);
  // This thread no longer waits for the node.
  void Leave(Node& node);
  // A round trip failed at this node, and the call will pause and retry.
  void Pause(Node& node);
  // A round trip succeeded.
  void Resume();
  // The call of this thread is over. Not needed when the thread ends.
  static void EndCall();

  // How many calls wait for each node.
  std::map<std::string, int64_t> Waiting();

 private:
  const OnRefused on_refused_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Node>> nodes_;
};

}  // namespace atestore
