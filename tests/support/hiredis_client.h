#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/endpoint.h"

struct redisContext;

namespace atestore {

// A reply as hiredis decoded it: an implementation other than ours, on purpose.
struct HiredisReply {
  bool is_error = false;
  bool is_null = false;
  int64_t integer = 0;
  std::string text;  // of strings, statuses and errors
  std::vector<HiredisReply> elements;
};

// A blocking connection to one server, for steering it in tests. Not thread-safe.
class HiredisClient {
 public:
  using Command = std::vector<std::string>;

  // `password` empty: no AUTH. UNAVAILABLE when nobody answers within `timeout`, which holds for
  // every later reply too.
  static absl::StatusOr<HiredisClient> Connect(const Endpoint& endpoint,
                                               const std::string& password, absl::Duration timeout);

  // Error replies are replies. UNAVAILABLE when the connection breaks; then it stays broken.
  absl::StatusOr<HiredisReply> Execute(const Command& command);
  // Sends all of them before it reads the first reply.
  absl::StatusOr<std::vector<HiredisReply>> ExecuteAll(std::span<const Command> commands);

 private:
  struct Close {
    void operator()(redisContext* context) const;
  };
  explicit HiredisClient(redisContext* context) : context_(context) {}

  std::unique_ptr<redisContext, Close> context_;
};

}  // namespace atestore
