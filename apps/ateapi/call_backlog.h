#pragma once

#include <grpcpp/server_context.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "absl/time/time.h"
#include "apps/ateapi/connection_table.h"

namespace atestore {

// While more calls than this have arrived and not begun, the connections are examined.
inline constexpr int64_t kBacklogMax = 256;

// Closes connections that open calls faster than the service begins them (HTTP/2 rapid reset).
//
// gRPC reads a connection for as long as data is waiting, on the threads that also begin the calls.
// So during a burst the service learns of the calls only after gRPC has allocated all of them. This
// class counts the calls where gRPC allocates them. gRPC does not say there which connection a call
// belongs to; its statistics of all connections (channelz) show which one has too many.
// Thread-safe.
class CallBacklog {
 public:
  // The table must outlive the backlog.
  explicit CallBacklog(ConnectionTable& connections) : connections_(connections) {}
  CallBacklog(const CallBacklog&) = delete;
  CallBacklog& operator=(const CallBacklog&) = delete;

  // Counts the calls that arrive. Give it to the server's builder; the backlog must outlive the
  // server.
  std::unique_ptr<grpc::ContextAllocator> MakeArrivalCounter();
  // The service begins a call that has arrived; its connection has `live` calls that have begun.
  void CallBegan(int64_t live);

 private:
  class ArrivalCounter;

  void CallArrived();
  // Does nothing while another thread examines, and for a while after that.
  void Examine();

  ConnectionTable& connections_;
  std::atomic<int64_t> waiting_{0};
  std::mutex examining_;  // guards `next_examination_`; held by the one thread that examines
  absl::Time next_examination_ = absl::InfinitePast();
};

}  // namespace atestore
