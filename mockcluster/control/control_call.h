#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "mockcluster/cluster.h"
#include "mockcluster/wire/reply_writer.h"

namespace mockcluster::inline v0 {

using atestore::Slot;

// One control command being executed: its arguments, behind MOCK and the event's name, and its
// reply. The first argument that cannot be understood is kept as the error, and the reader gets
// some valid value instead, so that an event reads all its arguments and checks once.
class ControlCall {
 public:
  // All must outlive the call.
  ControlCall(Cluster& cluster, ClientId client, std::span<const std::string_view> arguments,
              std::string* reply);

  Cluster& cluster() { return cluster_; }
  ClientId client() const { return client_; }
  ReplyWriter& writer() { return writer_; }

  // Arguments by position, which must be < size() but for Has().
  size_t size() const { return arguments_.size(); }
  bool Has(size_t index, std::string_view word) const;
  std::string_view Text(size_t index) const { return arguments_[index]; }
  int64_t Number(size_t index, int64_t min, int64_t max);
  Slot SlotAt(size_t index);
  // By handle, port or node id.
  NodeIndex NodeAt(size_t index);
  // The position among `words`.
  size_t Choice(size_t index, std::span<const std::string_view> words);

  bool understood() const { return error_.empty(); }
  const std::string& error() const { return error_; }

  // +OK, or the status as an error.
  void Reply(const absl::Status& status);

 private:
  void Misunderstood(std::string_view what, std::string_view text);

  Cluster& cluster_;
  const ClientId client_;
  const std::span<const std::string_view> arguments_;
  ReplyWriter writer_;
  std::string error_;
};

}  // namespace mockcluster::inline v0
