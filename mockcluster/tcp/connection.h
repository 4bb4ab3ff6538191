#pragma once

#include <array>
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
  // `on_commands` is called after each batch of commands, `on_closed` once, at the end.
  Connection(Cluster& cluster, ClientId client, std::unique_ptr<ClientStream> stream,
             std::function<void()> on_commands, std::function<void(Connection&)> on_closed);

  void Start();
  // The first call counts.
  void Close();
  // Closes the stream if the process at the other end died.
  void CloseIfDead();
  // Tries the command again at which the node hung, if it did.
  void Resume();

 private:
  void Read();
  void Execute();
  Delivery ExecuteOne();
  void Write(bool close_after);

  static constexpr size_t kReadBytes = size_t{64} << 10;

  Cluster& cluster_;
  const ClientId client_;
  const std::unique_ptr<ClientStream> stream_;
  const std::function<void()> on_commands_;
  const std::function<void(Connection&)> on_closed_;
  RequestParser requests_;
  std::array<char, kReadBytes> input_;
  std::string output_;
  bool writing_ = false;  // replies of a process that dies now are still being written
  bool stalled_ = false;  // the node hangs at the command that was parsed last
  bool closed_ = false;
};

}  // namespace mockcluster::inline v0
