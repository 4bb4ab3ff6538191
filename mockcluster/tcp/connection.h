#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "mockcluster/cluster.h"
#include "mockcluster/tcp/client_stream.h"
#include "mockcluster/wire/request_parser.h"

namespace mockcluster::inline v0 {

// One client's stream: reads requests, has the cluster execute them, writes the replies, in order
// and without reading on meanwhile. Lives as long as an operation is pending.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  class Owner {
   public:
    // Before and after each batch of commands.
    virtual void BeforeCommands() = 0;
    virtual void AfterCommands() = 0;
    virtual void CallAfter(std::chrono::milliseconds delay, std::function<void()> callback) = 0;
    // The connection waits for Resume().
    virtual void OnStalled(Connection& connection) = 0;
    // Once, at the end.
    virtual void OnClosed(Connection& connection) = 0;

   protected:
    ~Owner() = default;
  };

  // `owner` must outlive the connection.
  Connection(Cluster& cluster, ClientId client, std::unique_ptr<ClientStream> stream, Owner& owner);

  void Start();
  // The first call counts.
  void Close();
  // Closes the stream if the process at the other end died.
  void CloseIfDead();
  // Tries the command again at which the node hung or was busy, if it was.
  void Resume();
  bool is_stalled() const { return stalled_ && !closed_; }

 private:
  void Read();
  // Executes what was read, at once or when the node's delay is over.
  void ExecuteInTime();
  void Execute();
  Delivery ExecuteOne();
  void Write(bool close_after);

  static constexpr size_t kReadBytes = size_t{64} << 10;

  Cluster& cluster_;
  const ClientId client_;
  const std::unique_ptr<ClientStream> stream_;
  Owner& owner_;
  RequestParser requests_;
  std::array<char, kReadBytes> input_;
  std::string output_;
  bool writing_ = false;  // replies of a process that dies now are still being written
  bool stalled_ = false;  // the node hangs or is busy at the command that was parsed last
  bool delayed_ = false;  // the timer runs; afterwards Execute()
  bool closed_ = false;
};

}  // namespace mockcluster::inline v0
