#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace atestore {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// Sends the log to standard error, one line an event, "time=… level=… event=… key=value …".
// `level_name`: debug, info, warn or error; lines below it are dropped. Call once, first.
void StartLog(const std::string& level_name);

// One line of UTF-8, written when the object dies. Values with spaces, quotes or anything that
// Printable() escapes (core/utf8.h) are quoted and escaped, so that a line stays a line. The caller
// never adds values of records, page tokens or secrets. Thread-safe between objects.
class LogLine {
 public:
  LogLine(LogLevel level, std::string_view event);
  ~LogLine();
  LogLine(const LogLine&) = delete;
  LogLine& operator=(const LogLine&) = delete;

  LogLine& Add(std::string_view key, std::string_view value);
  LogLine& Add(std::string_view key, int64_t value);
  LogLine& AddSeconds(std::string_view key, double seconds);

 private:
  const LogLevel level_;
  std::string line_;
};

// A line of an event that has nothing more to tell.
void LogEvent(LogLevel level, std::string_view event);

// Logs what became of a file, named by its flag, that has changed: OK, or why it is not used.
std::function<void(const absl::Status&)> LogReload(const char* what);

}  // namespace atestore
