#pragma once

#include <string>
#include <string_view>

#include "apps/slotscan/flags.h"
#include "store/key_listing.h"

namespace slotscan {

// Appends the keys of a page, one per line.
//
// Plain: the key; with values, a tab and the value follow if the key has one. Backslashes, control
// characters and bytes that are not UTF-8 are written as \\, \t, \n, \r and \xHH, so that each line
// is one key and every byte can be recovered.
// JSON lines: {"key":…}, with values {"key":…,"value":…}. JSON cannot hold bytes that are not
// UTF-8; such keys and values appear in base64 (RFC 4648, with padding) as "keyBase64" or
// "valueBase64". A key without a value has "value":null,"why":"not a string" or "too large".
void AppendPage(const atestore::KeyPage& page, bool values, Format format, std::string* text);

enum class WriteResult {
  kWritten,
  kReaderGone,  // the reader of the pipe has exited; SIGPIPE must be ignored
  kFailed,      // errno says why
};
WriteResult WriteAll(int fd, std::string_view text);

}  // namespace slotscan
