#include "mockcluster/wire/request_parser.h"

#include <charconv>

namespace mockcluster::inline v0 {
namespace {

bool IsBlank(char byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }

int HexValue(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

// Appends the character that an escape in double quotes stands for; returns its length in `text`,
// which begins with the backslash.
size_t AppendEscape(std::string_view text, std::string& out) {
  if (text.size() >= 4 && text[1] == 'x' && HexValue(text[2]) >= 0 && HexValue(text[3]) >= 0) {
    out.push_back(static_cast<char>(HexValue(text[2]) * 16 + HexValue(text[3])));
    return 4;
  }
  constexpr std::string_view kNames = "nrtba";
  constexpr std::string_view kBytes = "\n\r\t\b\a";
  size_t known = kNames.find(text[1]);
  out.push_back(known == std::string_view::npos ? text[1] : kBytes[known]);
  return 2;
}

// Splits an inline command as the server's sdssplitargs does: blanks separate, "…" knows escapes,
// '…' knows \' only, a closing quote must be followed by a blank. False: unbalanced quotes.
bool SplitInline(std::string_view line, std::vector<std::string>& words) {
  size_t at = 0;
  for (;;) {
    while (at < line.size() && IsBlank(line[at])) ++at;
    if (at == line.size()) return true;
    std::string& word = words.emplace_back();
    char quote = '\0';
    bool closed = false;
    while (at < line.size() && (quote != '\0' || !IsBlank(line[at]))) {
      char byte = line[at];
      if (closed) return false;
      if (quote == '"' && byte == '\\' && at + 1 < line.size()) {
        at += AppendEscape(line.substr(at), word);
        continue;
      }
      if (quote == '\'' && byte == '\\' && at + 1 < line.size() && line[at + 1] == '\'') {
        word.push_back('\'');
        at += 2;
        continue;
      }
      if (quote != '\0' && byte == quote) {
        quote = '\0';
        closed = true;
      } else if (quote == '\0' && (byte == '"' || byte == '\'')) {
        quote = byte;
      } else {
        word.push_back(byte);
      }
      ++at;
    }
    if (quote != '\0') return false;
  }
}

}  // namespace

void RequestParser::Feed(std::string_view bytes) {
  if (position_ == buffer_.size()) {
    buffer_.clear();
  } else if (position_ > 0) {
    buffer_.erase(0, position_);
  }
  position_ = 0;
  buffer_.append(bytes);
}

RequestParser::Outcome RequestParser::Next() {
  arguments_.clear();
  if (!error_.empty()) return Outcome::kInvalid;
  if (position_ == buffer_.size()) return Outcome::kNeedMore;
  return buffer_[position_] == '*' ? ParseArray() : ParseInline();
}

RequestParser::Line RequestParser::TakeNumber(size_t& from, int64_t& number) const {
  // Nearly all of them: few digits, line end.
  constexpr size_t kDigitsMax = 9;
  number = 0;
  size_t at = from;
  while (at < buffer_.size() && at - from < kDigitsMax && buffer_[at] >= '0' &&
         buffer_[at] <= '9') {
    number = number * 10 + (buffer_[at++] - '0');
  }
  if (at > from && at + 1 < buffer_.size() && buffer_[at] == '\r') {
    from = at + 2;
    return Line::kNumber;
  }
  const size_t end = buffer_.find('\r', from);
  if (end == std::string::npos || end + 1 >= buffer_.size()) return Line::kIncomplete;
  const char* const last = buffer_.data() + end;
  auto [parsed, error] = std::from_chars(buffer_.data() + from, last, number);
  from = end + 2;
  return error == std::errc() && parsed == last ? Line::kNumber : Line::kInvalid;
}

RequestParser::Outcome RequestParser::ParseArray() {
  size_t at = position_ + 1;
  int64_t count = 0;
  Line line = TakeNumber(at, count);
  if (line == Line::kIncomplete) {
    if (buffer_.size() - position_ > kLineBytesMax) return Fail("too big mbulk count string");
    return Outcome::kNeedMore;
  }
  if (line == Line::kInvalid || count > static_cast<int64_t>(kArgumentsMax)) {
    return Fail("invalid multibulk length");
  }
  for (int64_t index = 0; index < count; ++index) {
    const size_t header = at;
    if (at == buffer_.size()) return Outcome::kNeedMore;
    if (buffer_[at] != '$') return Fail(std::string("expected '$', got '") + buffer_[at] + "'");
    int64_t length = 0;
    line = TakeNumber(++at, length);
    if (line == Line::kIncomplete) {
      if (buffer_.size() - header > kLineBytesMax) return Fail("too big bulk count string");
      return Outcome::kNeedMore;
    }
    if (line == Line::kInvalid || length < 0 || length > static_cast<int64_t>(kBulkBytesMax)) {
      return Fail("invalid bulk length");
    }
    const size_t bytes = static_cast<size_t>(length);
    if (buffer_.size() - at < bytes + 2) return Outcome::kNeedMore;
    arguments_.push_back(std::string_view(buffer_).substr(at, bytes));
    at += bytes + 2;
  }
  position_ = at;
  return Outcome::kRequest;
}

RequestParser::Outcome RequestParser::ParseInline() {
  size_t end = buffer_.find('\n', position_);
  if (end == std::string::npos) {
    if (buffer_.size() - position_ > kLineBytesMax) return Fail("too big inline request");
    return Outcome::kNeedMore;
  }
  std::string_view line = std::string_view(buffer_).substr(position_, end - position_);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  unquoted_.clear();
  if (!SplitInline(line, unquoted_)) return Fail("unbalanced quotes in request");
  arguments_.assign(unquoted_.begin(), unquoted_.end());
  position_ = end + 1;
  return Outcome::kRequest;
}

RequestParser::Outcome RequestParser::Fail(std::string_view why) {
  arguments_.clear();
  error_ = "ERR Protocol error: ";
  error_.append(why);
  return Outcome::kInvalid;
}

}  // namespace mockcluster::inline v0
