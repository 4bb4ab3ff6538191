#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/endpoint.h"

namespace atestore {

// A blocking connection to one node that parses just enough RESP2 for the baselines. It is written
// as one would in C, without the store's code, so that the comparison is fair.
// Movable. Not thread-safe.
class NodeSocket {
 public:
  static absl::StatusOr<NodeSocket> Connect(const Endpoint& endpoint);
  NodeSocket(NodeSocket&& other) noexcept;
  NodeSocket& operator=(NodeSocket&&) = delete;
  ~NodeSocket();

  absl::Status Send(std::string_view bytes);
  // For poll(). Readable: the next reply, or a part of it, has arrived.
  int descriptor() const { return descriptor_; }

  // Reads a reply to SCAN. Returns the cursor, and appends one GET command per key to `gets`.
  absl::Status ReadScan(std::string* cursor, std::string* gets, size_t* keys);

  // Reads and discards the replies to `count` GET commands; adds the number of strings among them
  // to
  // `*strings`.
  absl::Status SkipGetReplies(size_t count, int64_t* strings);

 private:
  explicit NodeSocket(int descriptor);

  absl::Status Fill();
  absl::StatusOr<std::string_view> ReadLine();
  absl::StatusOr<int64_t> ReadHeader(char marker);
  absl::StatusOr<std::string_view> ReadBulk();

  int descriptor_;
  std::unique_ptr<char[]> buffer_;
  size_t start_ = 0;
  size_t end_ = 0;
};

// Appends a command in wire form.
void AppendCommand(std::string* bytes, std::initializer_list<std::string_view> arguments);

}  // namespace atestore
