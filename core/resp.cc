#include "core/resp.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>

#include "absl/strings/str_cat.h"
#include "core/status.h"

namespace atestore::inline v0 {
namespace {

constexpr size_t kReadChunkBytes = size_t{64} << 10;

std::optional<int64_t> ParseInteger(std::string_view text) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

void AppendHeader(std::string& out, char marker, size_t number) {
  char digits[24];
  auto [end, error] = std::to_chars(digits, digits + sizeof digits, number);
  out.push_back(marker);
  out.append(digits, end);
  out.append("\r\n");
}

}  // namespace

bool ReplyView::is_array() const {
  return type() == RespType::kArray || type() == RespType::kSet || type() == RespType::kPush;
}

bool ReplyView::is_string() const {
  return type() == RespType::kBulkString || type() == RespType::kSimpleString ||
         type() == RespType::kVerbatimString;
}

ReplyView ReplyView::operator[](size_t index) const {
  Iterator element = begin();
  while (index-- > 0) ++element;
  return *element;
}

Reply::Reply(const ReplyView& view)
    : nodes_(view.nodes_ + view.index_, view.nodes_ + view.node().end) {
  for (RespNode& node : nodes_) {
    node.end -= view.index_;
    const char* text = view.text_ + node.offset;
    node.offset = text_.size();
    text_.append(text, node.length);
  }
  text_.reserve(text_.size() + RespReader::kPadding);
}

std::span<char> RespReader::Prepare(size_t bytes) {
  if (complete_) {
    complete_ = false;
    nodes_.clear();
  }
  if (end_ == start_) ReleaseIdleMemory();
  if (capacity_ - end_ < bytes) {
    size_t held = end_ - start_;
    size_t needed = held + bytes;
    if (needed > capacity_ || start_ < capacity_ / 2) {
      size_t capacity = std::max({needed, capacity_ * 2, kReadChunkBytes});
      std::unique_ptr<char[]> grown(new char[capacity + kPadding]);
      if (held > 0) std::memcpy(grown.get(), buffer_.get() + start_, held);
      std::memset(grown.get() + capacity, 0, kPadding);
      buffer_ = std::move(grown);
      capacity_ = capacity;
    } else if (held > 0) {
      std::memmove(buffer_.get(), buffer_.get() + start_, held);
    }
    position_ -= start_;
    searched_ = std::max(searched_, start_) - start_;
    end_ = held;
    start_ = 0;
  }
  return {buffer_.get() + end_, capacity_ - end_};
}

// Without this, one huge reply would hold its memory for the rest of a long-lived connection.
void RespReader::ReleaseIdleMemory() {
  if (reserved_bytes() <= kRespIdleBytesMax) return;
  buffer_.reset();
  capacity_ = start_ = position_ = searched_ = end_ = 0;
  std::vector<RespNode>().swap(nodes_);
}

void RespReader::Commit(size_t bytes) { end_ += bytes; }

void RespReader::Feed(std::string_view bytes) {
  if (bytes.empty()) return;
  std::memcpy(Prepare(bytes.size()).data(), bytes.data(), bytes.size());
  Commit(bytes.size());
}

absl::StatusOr<std::optional<ReplyView>> RespReader::Next() {
  if (complete_) {
    complete_ = false;
    nodes_.clear();
  }
  if (!failure_.ok()) return failure_;
  for (;;) {
    Step step = bulk_ ? ParseBulkBody() : ParseElement();
    if (step == Step::kFailed) return failure_;
    if (step == Step::kNeedMore) return std::nullopt;
    if (bulk_) continue;
    CloseFullAggregates();
    if (!open_.empty()) continue;
    complete_ = true;
    ReplyView reply(nodes_.data(), buffer_.get() + start_, 0);
    start_ = position_;
    kept_bytes_ = 0;
    line_bytes_ = 0;
    return reply;
  }
}

RespReader::Step RespReader::ParseElement() {
  std::optional<std::string_view> line = TakeLine();
  if (!line) {
    // The last byte may be the CR of the line end.
    if (end_ - position_ > limits_.line_bytes_max + 1) return Fail("a line is too long");
    return Step::kNeedMore;
  }
  if (line->size() > limits_.line_bytes_max) return Fail("a line is too long");
  line_bytes_ += line->size();
  if (line_bytes_ > limits_.lines_bytes_max) return Fail("the lines of a reply are too long");
  if (line->empty()) return Fail("an element has no type");
  return ParseLine(line->front(), line->substr(1));
}

std::optional<std::string_view> RespReader::TakeLine() {
  size_t from = std::max(searched_, position_);
  while (from < end_) {
    const void* found = std::memchr(buffer_.get() + from, '\r', end_ - from);
    if (found == nullptr) break;
    size_t line_end = static_cast<const char*>(found) - buffer_.get();
    if (line_end + 1 == end_) {
      searched_ = line_end;
      return std::nullopt;
    }
    if (buffer_[line_end + 1] == '\n') {
      std::string_view line(buffer_.get() + position_, line_end - position_);
      position_ = searched_ = line_end + 2;
      return line;
    }
    from = line_end + 1;
  }
  searched_ = end_;
  return std::nullopt;
}

RespReader::Step RespReader::ParseLine(char marker, std::string_view line) {
  RespNode node{.offset = OffsetOf(line), .length = line.size()};
  switch (marker) {
    case '$':
      return OpenBulk(RespType::kBulkString, line);
    case '!':
      return OpenBulk(RespType::kError, line);
    case '=':
      return OpenBulk(RespType::kVerbatimString, line);
    case '*':
      return OpenElements(RespType::kArray, line, 1);
    case '%':
      return OpenElements(RespType::kMap, line, 2);
    case '~':
      return OpenElements(RespType::kSet, line, 1);
    case '>':
      return OpenElements(RespType::kPush, line, 1);
    case '+':
      node.type = RespType::kSimpleString;
      return AddNode(node);
    case '-':
      node.type = RespType::kError;
      return AddNode(node);
    case ',':
      node.type = RespType::kDouble;
      return AddNode(node);
    case '(':
      node.type = RespType::kBigNumber;
      return AddNode(node);
    case '_':
      if (!line.empty()) return Fail("a null has content");
      return AddNode({});
    case '#':
      if (line != "t" && line != "f") return Fail("a boolean is neither t nor f");
      return AddNode({.type = RespType::kBoolean, .integer = line == "t" ? 1 : 0});
    case ':':
      if (std::optional<int64_t> value = ParseInteger(line)) {
        return AddNode({.type = RespType::kInteger, .integer = *value});
      }
      return Fail("not an integer");
    default:
      return Fail("unknown type marker");
  }
}

RespReader::Step RespReader::OpenElements(RespType type, std::string_view count_text,
                                          uint64_t factor) {
  std::optional<int64_t> count = ParseInteger(count_text);
  if (!count || *count < -1) return Fail("not an element count");
  if (*count == -1) return AddNode({});
  if (static_cast<uint64_t>(*count) > limits_.elements_max / factor) {
    return Fail("too many elements");
  }
  if (open_.size() >= limits_.depth_max) return Fail("nested too deeply");
  uint64_t elements = static_cast<uint64_t>(*count) * factor;
  uint32_t index = static_cast<uint32_t>(nodes_.size());
  if (AddNode({.type = type, .elements = static_cast<uint32_t>(elements)}) == Step::kFailed) {
    return Step::kFailed;
  }
  open_.push_back({index, elements});
  return Step::kElement;
}

RespReader::Step RespReader::OpenBulk(RespType type, std::string_view length_text) {
  std::optional<int64_t> length = ParseInteger(length_text);
  if (!length || *length < -1) return Fail("not a bulk length");
  if (*length == -1) return AddNode({});
  size_t bytes = static_cast<size_t>(*length);
  bool keep = bytes <= limits_.bulk_bytes_max && bytes <= limits_.reply_bytes_max - kept_bytes_;
  bulk_ = Bulk{.type = keep ? type : RespType::kDropped, .length = bytes, .drop = keep ? 0 : bytes};
  if (keep) kept_bytes_ += bytes;
  return Step::kElement;
}

RespReader::Step RespReader::ParseBulkBody() {
  if (bulk_->drop > 0) DropBulkBody();
  if (bulk_->drop > 0) return Step::kNeedMore;
  bool dropped = bulk_->type == RespType::kDropped;
  size_t length = dropped ? 0 : bulk_->length;
  if (end_ - position_ < length + 2) return Step::kNeedMore;
  const char* body = buffer_.get() + position_;
  if (body[length] != '\r' || body[length + 1] != '\n') return Fail("a bulk does not end in CRLF");
  RespNode node{.type = bulk_->type, .offset = position_ - start_, .length = length};
  if (dropped) node.integer = static_cast<int64_t>(bulk_->length);
  if (node.type == RespType::kVerbatimString) {
    // "txt:" or another three-letter format precedes the text.
    if (length < 4 || body[3] != ':') return Fail("a verbatim string has no format");
    node.offset += 4;
    node.length -= 4;
  }
  position_ += length + 2;
  bulk_.reset();
  return AddNode(node);
}

void RespReader::DropBulkBody() {
  size_t drop = std::min(bulk_->drop, end_ - position_);
  std::memmove(buffer_.get() + position_, buffer_.get() + position_ + drop,
               end_ - position_ - drop);
  end_ -= drop;
  bulk_->drop -= drop;
  searched_ = position_;
}

RespReader::Step RespReader::AddNode(RespNode node) {
  if (nodes_.size() >= limits_.elements_max) return Fail("too many elements");
  node.end = static_cast<uint32_t>(nodes_.size() + 1);
  nodes_.push_back(node);
  if (!open_.empty()) --open_.back().missing;
  return Step::kElement;
}

void RespReader::CloseFullAggregates() {
  while (!open_.empty() && open_.back().missing == 0) {
    nodes_[open_.back().node].end = static_cast<uint32_t>(nodes_.size());
    open_.pop_back();
  }
}

size_t RespReader::OffsetOf(std::string_view text) const {
  return static_cast<size_t>(text.data() - buffer_.get()) - start_;
}

RespReader::Step RespReader::Fail(std::string_view what) {
  failure_ = DataLossError(absl::StrCat("RESP: ", ToAbsl(what)));
  return Step::kFailed;
}

void Pipeline::Add(std::initializer_list<std::string_view> arguments) {
  Add(std::span<const std::string_view>(arguments.begin(), arguments.size()));
}

void Pipeline::Add(std::span<const std::string_view> arguments) {
  Begin(arguments.size());
  for (std::string_view argument : arguments) AddArgument(argument);
}

void Pipeline::Begin(size_t argument_count) {
  AppendHeader(bytes_, '*', argument_count);
  ++size_;
}

void Pipeline::AddArgument(std::string_view argument) {
  AppendHeader(bytes_, '$', argument.size());
  bytes_.append(argument);
  bytes_.append("\r\n");
}

}  // namespace atestore::inline v0
