#pragma once

#include <cstdint>
#include <functional>
#include <map>
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
inline constexpr NodePatience kSlowNode = {.silence = absl::Milliseconds(250), .waiting_max = 64};
inline constexpr NodePatience kSilentNode = {.silence = absl::Seconds(1), .waiting_max = 16};

// Keeps calls from waiting in numbers for nodes that do not answer, so that these do not hold the
// threads that calls to other nodes need. A call is a thread: it waits for a node while it has sent
// something there, and while it pauses between two attempts after a failure there, until EndCall().
// A node that answers is never in the way, however many calls it has. Thread-safe.
class NodeBulkhead {
 public:
  using OnRefused = std::function<void(const std::string& node)>;

  explicit NodeBulkhead(OnRefused on_refused) : on_refused_(std::move(on_refused)) {}
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

  // Before something is sent to the node. OK: then Leave() must follow. RESOURCE_EXHAUSTED (reason
  // NODE_NOT_ANSWERING, marked as not sent): too many calls wait for it already.
  absl::Status Enter(const std::string& node);
  // The same for what belongs to something that was admitted: never refused.
  void Join(const std::string& node);
  // The node answered, or what was sent there failed. On any thread.
  void Leave(const std::string& node, bool answered);
  // After a round trip, on the thread of the call: it failed at this node, so that the call will
  // pause and try again.
  void Pause(const std::string& node);
  // After a round trip that did not fail, on the thread of the call.
  void Resume();
  // The call of this thread is over. Threads that end need not say so.
  static void EndCall();

  // How many calls wait for each node.
  std::map<std::string, int64_t> Waiting();

 private:
  struct Node {
    int64_t sent = 0;     // round trips under way
    int64_t pausing = 0;  // calls between two attempts
    // Since when it owes an answer, or has failed; the distant future when it does not.
    absl::Time silent_since = absl::InfiniteFuture();
  };

  const OnRefused on_refused_;
  std::mutex mutex_;
  std::map<std::string, Node> nodes_;
};

}  // namespace atestore
