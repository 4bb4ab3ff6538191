#include "apps/slotscan/output.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/status.h"
#include "core/utf8.h"

namespace slotscan {
namespace {

using atestore::KeyPage;
using NoValue = atestore::KeyPage::NoValue;
using atestore::ToAbsl;

void AppendEscaped(std::string_view bytes, std::string* text) {
  while (!bytes.empty()) {
    const atestore::CodePoint next = atestore::FirstCodePoint(bytes);
    const size_t length = next.length == 0 ? 1 : next.length;
    const char c = bytes[0];
    if (c == '\\') {
      text->append("\\\\");
    } else if (c == '\n') {
      text->append("\\n");
    } else if (c == '\r') {
      text->append("\\r");
    } else if (c == '\t') {
      text->append("\\t");
    } else if (next.length == 0 || !atestore::IsPrintable(next.value)) {
      for (const char byte : bytes.substr(0, length)) {
        absl::StrAppendFormat(text, "\\x%02x", static_cast<unsigned char>(byte));
      }
    } else {
      text->append(bytes.substr(0, length));
    }
    bytes.remove_prefix(length);
  }
}

// `text` is UTF-8.
void AppendJsonText(std::string_view text, std::string* json) {
  json->push_back('"');
  while (!text.empty()) {
    const atestore::CodePoint next = atestore::FirstCodePoint(text);
    if (next.value == '"' || next.value == '\\') json->push_back('\\');
    if (atestore::IsPrintable(next.value)) {
      json->append(text.substr(0, next.length));
    } else {
      absl::StrAppendFormat(json, "\\u%04x", next.value);
    }
    text.remove_prefix(next.length);
  }
  json->push_back('"');
}

void AppendMember(std::string_view name, std::string_view bytes, std::string* text) {
  if (atestore::IsUtf8(bytes)) {
    absl::StrAppend(text, "\"", ToAbsl(name), "\":");
    return AppendJsonText(bytes, text);
  }
  absl::StrAppend(text, "\"", ToAbsl(name), "Base64\":\"", absl::Base64Escape(ToAbsl(bytes)), "\"");
}

std::string_view Why(std::optional<NoValue> no_value) {
  return no_value == NoValue::kTooLarge ? "too large" : "not a string";
}

void AppendJsonLine(const KeyPage& page, size_t index, bool values, std::string* text) {
  text->push_back('{');
  AppendMember("key", page.key(index), text);
  if (values) {
    text->push_back(',');
    if (const std::optional<std::string_view> value = page.value(index)) {
      AppendMember("value", *value, text);
    } else {
      absl::StrAppend(text, "\"value\":null,\"why\":\"", ToAbsl(Why(page.no_value(index))), "\"");
    }
  }
  text->append("}\n");
}

void AppendPlainLine(const KeyPage& page, size_t index, std::string* text) {
  AppendEscaped(page.key(index), text);
  if (const std::optional<std::string_view> value = page.value(index)) {
    text->push_back('\t');
    AppendEscaped(*value, text);
  }
  text->push_back('\n');
}

}  // namespace

void AppendPage(const KeyPage& page, bool values, Format format, std::string* text) {
  for (size_t index = 0; index < page.size(); ++index) {
    if (format == Format::kPlain) {
      AppendPlainLine(page, index, text);
    } else {
      AppendJsonLine(page, index, values, text);
    }
  }
}

WriteResult WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = write(fd, text.data(), text.size());
    if (count >= 0) {
      text.remove_prefix(static_cast<size_t>(count));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      pollfd waiting{.fd = fd, .events = POLLOUT, .revents = 0};
      poll(&waiting, 1, -1);
    } else if (errno != EINTR) {
      return errno == EPIPE ? WriteResult::kReaderGone : WriteResult::kFailed;
    }
  }
  return WriteResult::kWritten;
}

}  // namespace slotscan
