#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace atestore::inline v0 {

// The Redis serialization protocol, RESP2 and RESP3 (the "RESP protocol spec" of Redis).
enum class RespType : uint8_t {
  kNull,  // RESP3 null, RESP2 null bulk and null array
  kSimpleString,
  kError,  // simple and bulk errors
  kInteger,
  kBulkString,
  kVerbatimString,
  kArray,
  kMap,  // 2n elements: key, value, key, value …
  kSet,
  kPush,
  kDouble,
  kBoolean,
  kBigNumber,
  kDropped,  // a bulk string whose content was over a limit and was not kept
};

// One element of a reply, in a flat pre-order vector: no allocation per element.
struct RespNode {
  RespType type = RespType::kNull;
  uint32_t elements = 0;  // direct children of an aggregate
  uint32_t end = 0;       // index one past the last node of this subtree
  int64_t integer = 0;    // kInteger and kBoolean; kDropped: the length in bytes
  size_t offset = 0;      // of the text, from the start of the reply
  size_t length = 0;
};

// A reply (or an element of one), read in place. A value: cheap to copy. Valid as long as the bytes
// that it views: see RespReader::Next() and Reply::view().
class ReplyView {
 public:
  class Iterator {
   public:
    Iterator(const RespNode* nodes, const char* text, uint32_t index)
        : nodes_(nodes), text_(text), index_(index) {}
    ReplyView operator*() const { return {nodes_, text_, index_}; }
    Iterator& operator++() {
      index_ = nodes_[index_].end;
      return *this;
    }
    bool operator==(const Iterator& other) const { return index_ == other.index_; }

   private:
    const RespNode* nodes_;
    const char* text_;
    uint32_t index_;
  };

  ReplyView(const RespNode* nodes, const char* text, uint32_t index)
      : nodes_(nodes), text_(text), index_(index) {}

  RespType type() const { return node().type; }
  bool is_null() const { return type() == RespType::kNull; }
  bool is_error() const { return type() == RespType::kError; }
  bool is_array() const;   // array, set or push
  bool is_string() const;  // simple, bulk or verbatim
  // The text of a string, an error, a double or a big number; empty for every other type.
  std::string_view text() const { return {text_ + node().offset, node().length}; }
  // The value of an integer or a boolean, the length of a dropped bulk string; 0 otherwise.
  int64_t integer() const { return node().integer; }
  // The number of direct elements (two for each entry of a map).
  size_t size() const { return node().elements; }
  // The `index`-th element, index < size(). O(index).
  ReplyView operator[](size_t index) const;
  Iterator begin() const { return {nodes_, text_, index_ + 1}; }
  Iterator end() const { return {nodes_, text_, node().end}; }

 private:
  friend class Reply;
  const RespNode& node() const { return nodes_[index_]; }

  const RespNode* nodes_;
  const char* text_;
  uint32_t index_;
};

// A reply that owns its bytes.
class Reply {
 public:
  explicit Reply(const ReplyView& view);
  ReplyView view() const { return {nodes_.data(), text_.data(), 0}; }

 private:
  std::string text_;
  std::vector<RespNode> nodes_;
};

// What a reader accepts. A hostile or broken peer cannot make it keep more than
// `reply_bytes_max` + `lines_bytes_max` bytes of text, `elements_max` nodes and one read chunk.
struct RespLimits {
  size_t depth_max = 16;                       // nesting of aggregates
  size_t elements_max = size_t{8} << 20;       // nodes of one reply
  size_t line_bytes_max = size_t{64} << 10;    // simple strings, errors, numbers, headers
  size_t lines_bytes_max = size_t{128} << 20;  // sum of all lines of one reply
  size_t bulk_bytes_max = size_t{4} << 20;     // a longer bulk string is dropped: kDropped
  size_t reply_bytes_max = size_t{256} << 20;  // bulk strings beyond this sum are dropped
};

// An idle reader, which holds no bytes, keeps at most this much memory for later ones: enough for
// the replies of a usual page.
inline constexpr size_t kRespIdleBytesMax = size_t{4} << 20;

// A reader of RESP replies without I/O: feed bytes in any chunking, take replies. Not thread-safe.
class RespReader {
 public:
  // Readable bytes that follow every text of a view (for parsers that read past the end in words).
  static constexpr size_t kPadding = 64;

  explicit RespReader(RespLimits limits = {}) : limits_(limits) {}
  RespReader(const RespReader&) = delete;
  RespReader& operator=(const RespReader&) = delete;

  // Returns room for at least `bytes` bytes. After reading into it, call Commit() with the number
  // of bytes read. Invalidates the view of the last reply.
  std::span<char> Prepare(size_t bytes);
  void Commit(size_t bytes);
  // Prepare, copy and Commit in one.
  void Feed(std::string_view bytes);

  // The next complete reply; nullopt when more bytes are needed. The view is valid until the next
  // call of a non-const member. DATA_LOSS when the bytes are not RESP or exceed a limit: the
  // position in the stream is then lost, so every further call fails the same way.
  absl::StatusOr<std::optional<ReplyView>> Next();

  // Bytes held now.
  size_t buffered_bytes() const { return end_ - start_; }
  // Memory held now, used or not.
  size_t reserved_bytes() const { return capacity_ + nodes_.capacity() * sizeof(RespNode); }

 private:
  struct OpenAggregate {
    uint32_t node;
    uint64_t missing;
  };
  enum class Step { kElement, kNeedMore, kFailed };

  Step ParseElement();
  Step ParseBulkBody();
  Step ParseLine(char marker, std::string_view line);
  Step OpenElements(RespType type, std::string_view count_text, uint64_t factor);
  Step OpenBulk(RespType type, std::string_view length_text);
  Step AddNode(RespNode node);
  Step Fail(std::string_view what);
  std::optional<std::string_view> TakeLine();
  void DropBulkBody();
  void CloseFullAggregates();
  void ReleaseIdleMemory();
  size_t OffsetOf(std::string_view text) const;

  const RespLimits limits_;
  std::unique_ptr<char[]> buffer_;
  size_t capacity_ = 0;    // of buffer_, without the padding
  size_t start_ = 0;       // where the reply being parsed starts
  size_t position_ = 0;    // next byte to parse
  size_t searched_ = 0;    // no line end before this
  size_t end_ = 0;         // where the bytes fed end
  size_t kept_bytes_ = 0;  // bulk text of the reply being parsed
  size_t line_bytes_ = 0;  // lines of the reply being parsed
  struct Bulk {
    RespType type;
    size_t length;
    size_t drop;  // bytes still to discard; 0 for a bulk that is kept
  };
  std::optional<Bulk> bulk_;  // its header was read, its body was not
  std::vector<RespNode> nodes_;
  std::vector<OpenAggregate> open_;
  bool complete_ = false;  // nodes_ holds a reply that was handed out
  absl::Status failure_;
};

// A sequence of commands in wire form, to be sent back to back on one connection.
class Pipeline {
 public:
  // Appends one command. At least the name; no limit on the bytes of an argument.
  void Add(std::initializer_list<std::string_view> arguments);
  void Add(std::span<const std::string_view> arguments);
  // Begins a command whose `argument_count` arguments follow by AddArgument().
  void Begin(size_t argument_count);
  void AddArgument(std::string_view argument);

  // The number of commands, which is the number of replies to expect.
  size_t size() const { return size_; }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
  size_t size_ = 0;
};

}  // namespace atestore::inline v0
