#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/support/server_process.h"

namespace atestore {

// Types of packets of the cluster bus (CLUSTERMSG_TYPE_… of every supported server).
enum class BusPacket : uint16_t {
  kPing = 0,
  kPong = 1,
  kMeet = 2,
  kFail = 3,
  kPublish = 4,
  kFailoverAuthRequest = 5,
  kFailoverAuthAck = 6,
  kUpdate = 7,
  kManualFailoverStart = 8,
};

// A network for the cluster bus that loses packets as it is told: every node listens behind a relay
// of its own, and announces the relay's port. A cut loses packets silently, as a firewall does;
// connections stay open as long as it lasts. Thread-safe.
//
// TCP loses nothing between two packets that arrive, and servers rely on it: a node whose PING was
// lost sends no other one while the connection brings anything else, and calls its peer failed
// until then. So a connection that has lost a packet ends when the cut is mended.
class BusRelay {
 public:
  static absl::StatusOr<std::unique_ptr<BusRelay>> Start();
  ~BusRelay();
  BusRelay(const BusRelay&) = delete;
  BusRelay& operator=(const BusRelay&) = delete;

  // Begins to listen for a node that has its bus on `bus_port`. The port to announce.
  absl::StatusOr<uint16_t> AddNode(uint16_t bus_port);
  // Of a node that did not come up: its port is closed, its number free again.
  void RemoveLastNode();
  // The id of the node that was added as the `node`-th; by it senders are known. Until then, and
  // after the id has changed, packets from it pass every cut.
  void SetId(size_t node, const std::string& id);

  // Packets from one node to another one, in this direction only.
  void Cut(size_t from, size_t to);
  void Mend(size_t from, size_t to);
  // Packets of one type that are on their way to a node.
  void Drop(size_t to, BusPacket type);
  void StopDropping(size_t to, BusPacket type);
  void MendAll();
  // All connections of a node, as when its network begins anew.
  void EndConnections(size_t node);

  // Packets that were lost so far.
  uint64_t lost() const { return lost_; }

 private:
  struct Link;
  struct Door {
    PortLease lease;
    int listener;
    uint16_t bus_port;
  };

  BusRelay() = default;
  void Run();
  void Accept(size_t node);
  bool Forward(Link& link, bool to_node);
  // Whether a packet with this header may pass; learns who opened the link.
  bool Passes(Link& link, bool to_node, const std::string& header);
  size_t NumberOf(const std::string& id) const;
  // Marks links as over that have lost a packet and of which `concerns(opener, node)` holds.
  void EndLossy(const std::function<bool(size_t opener, size_t node)>& concerns);
  void Wake();

  std::mutex mutex_;
  std::vector<std::unique_ptr<Door>> doors_;
  std::vector<std::string> ids_;
  std::set<std::pair<size_t, size_t>> cuts_;
  std::set<std::pair<size_t, BusPacket>> drops_;
  std::vector<std::unique_ptr<Link>> links_;
  std::atomic<uint64_t> lost_ = 0;
  std::atomic<bool> stop_ = false;
  int wake_ = -1;
  std::thread thread_;
};

}  // namespace atestore
