#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/topology.h"

namespace atestore {

// A network on loopback that takes its time: a port for each node, behind which every chunk of
// bytes is delivered `delay` later, in each direction, however many are in flight. A thread of
// its own does the work, so it costs processor time that a network does not.
class DelayProxy {
 public:
  // `nodes`: addresses in numbers (IPv4). INVALID_ARGUMENT, UNAVAILABLE.
  static absl::StatusOr<std::unique_ptr<DelayProxy>> Start(const std::vector<Endpoint>& nodes);
  ~DelayProxy();
  DelayProxy(const DelayProxy&) = delete;
  DelayProxy& operator=(const DelayProxy&) = delete;

  // Of chunks that come from now on; half of what a round trip takes longer. Thread-safe.
  void SetDelay(absl::Duration delay) { delay_ns_ = absl::ToInt64Nanoseconds(delay); }
  // Where to connect to instead of `node`; `node` itself where there is no proxy for it.
  Endpoint For(const Endpoint& node) const;

 private:
  struct Door {
    Endpoint node;
    int listener = -1;
    uint16_t port = 0;
  };
  struct Link;

  DelayProxy() = default;
  absl::Status Open(const Endpoint& node);
  void Run();
  void Accept(const Door& door);

  std::vector<Door> doors_;
  std::vector<std::unique_ptr<Link>> links_;  // of the thread
  std::atomic<int64_t> delay_ns_ = 0;
  std::atomic<bool> stop_ = false;
  int wake_ = -1;
  std::thread thread_;
};

}  // namespace atestore
