#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mockcluster::inline v0 {

// Reads requests without I/O, as a server does: RESP arrays of bulk strings and inline commands.
// Feed bytes in any chunking, take requests. Not thread-safe.
class RequestParser {
 public:
  // The server's limits (PROTO_INLINE_MAX_SIZE, 1M arguments before AUTH, proto-max-bulk-len).
  static constexpr size_t kLineBytesMax = size_t{64} << 10;
  static constexpr size_t kArgumentsMax = size_t{1} << 20;
  static constexpr size_t kBulkBytesMax = size_t{512} << 20;

  enum class Outcome {
    kRequest,   // `arguments()` holds a request, possibly an empty one, which has no reply
    kNeedMore,  // more bytes are needed
    kInvalid,   // `error()` says why; the stream is lost
  };

  void Feed(std::string_view bytes);
  Outcome Next();

  // Valid until the next call of Feed() or Next().
  const std::vector<std::string_view>& arguments() const { return arguments_; }
  // The server's error reply, such as "ERR Protocol error: invalid bulk length".
  const std::string& error() const { return error_; }

 private:
  Outcome ParseArray();
  Outcome ParseInline();
  Outcome Fail(std::string_view why);
  enum class Line { kNumber, kInvalid, kIncomplete };
  // The number on the line that begins at `from`; advances `from` past a complete line.
  Line TakeNumber(size_t& from, int64_t& number) const;

  std::string buffer_;
  size_t position_ = 0;  // of the next request
  std::vector<std::string_view> arguments_;
  std::vector<std::string> unquoted_;  // arguments of an inline command
  std::string error_;
};

}  // namespace mockcluster::inline v0
