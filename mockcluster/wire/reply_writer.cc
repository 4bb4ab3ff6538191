#include "mockcluster/wire/reply_writer.h"

#include <charconv>

namespace mockcluster::inline v0 {

void ReplyWriter::Header(char marker, int64_t number) {
  char digits[24];
  digits[0] = marker;
  char* end = std::to_chars(digits + 1, digits + sizeof digits - 2, number).ptr;
  *end++ = '\r';
  *end++ = '\n';
  out_.append(digits, end);
}

void ReplyWriter::Simple(std::string_view text) {
  out_.push_back('+');
  out_.append(text);
  out_.append("\r\n");
}

void ReplyWriter::Error(std::string_view text) {
  ++errors_;
  out_.push_back('-');
  for (char byte : text) out_.push_back(byte == '\r' || byte == '\n' ? ' ' : byte);
  out_.append("\r\n");
}

void ReplyWriter::Integer(int64_t value) { Header(':', value); }

void ReplyWriter::Bulk(std::string_view text) {
  Header('$', static_cast<int64_t>(text.size()));
  out_.append(text);
  out_.append("\r\n");
}

void ReplyWriter::Null() { out_.append(version_ == RespVersion::kResp2 ? "$-1\r\n" : "_\r\n"); }

void ReplyWriter::NullArray() {
  out_.append(version_ == RespVersion::kResp2 ? "*-1\r\n" : "_\r\n");
}

void ReplyWriter::Array(size_t elements) { Header('*', static_cast<int64_t>(elements)); }

void ReplyWriter::Set(size_t elements) {
  Header(version_ == RespVersion::kResp2 ? '*' : '~', static_cast<int64_t>(elements));
}

void ReplyWriter::Map(size_t entries) {
  if (version_ == RespVersion::kResp2) {
    Header('*', static_cast<int64_t>(entries * 2));
  } else {
    Header('%', static_cast<int64_t>(entries));
  }
}

void ReplyWriter::Text(std::string_view text) {
  if (version_ == RespVersion::kResp2) {
    Bulk(text);
    return;
  }
  Header('=', static_cast<int64_t>(text.size() + 4));
  out_.append("txt:");
  out_.append(text);
  out_.append("\r\n");
}

}  // namespace mockcluster::inline v0
