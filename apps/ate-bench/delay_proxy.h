#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/endpoint.h"

namespace atestore {

// Simulates a slow network on loopback: a proxy port for each node, which delivers every chunk of
// bytes `delay` later, in each direction, however many are in flight. It runs on its own thread, so
// unlike a network it costs processor time.
class DelayProxy {
 public:
  // `nodes`: numeric IPv4 addresses. INVALID_ARGUMENT when one is not, UNAVAILABLE when no port is
  // free.
  static absl::StatusOr<std::unique_ptr<DelayProxy>> Start(const std::vector<Endpoint>& nodes);
  ~DelayProxy();
  DelayProxy(const DelayProxy&) = delete;
  DelayProxy& operator=(const DelayProxy&) = delete;

  // Sets the delay of chunks that arrive from now on: half of the added round trip. Thread-safe.
  void SetDelay(absl::Duration delay) { delay_ns_ = absl::ToInt64Nanoseconds(delay); }
  // Lets only so many bytes a second through from each node and to it, over all connections; 0: no
  // limit. Of chunks that come from now on. Thread-safe.
  void SetRate(int64_t bytes_per_second) { bytes_per_second_ = bytes_per_second; }
  // Where to connect to instead of `node`; `node` itself where there is no proxy for it.
  Endpoint For(const Endpoint& node) const;

 private:
  // The line to a node or from it: when it has carried all that came so far.
  struct Line {
    absl::Time free = absl::InfinitePast();
  };
  struct Door {
    Endpoint node;
    int listener = -1;
    uint16_t port = 0;
    Line to_node = {};
    Line to_client = {};
  };
  struct Link;

  DelayProxy() = default;
  absl::Status Open(const Endpoint& node);
  void Run();
  void Accept(Door& door);

  std::vector<Door> doors_;
  std::vector<std::unique_ptr<Link>> links_;  // used only by the thread
  std::atomic<int64_t> delay_ns_ = 0;
  std::atomic<int64_t> bytes_per_second_ = 0;
  std::atomic<bool> stop_ = false;
  int wake_ = -1;
  std::thread thread_;
};

}  // namespace atestore
