#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace atestore {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// Sends the log to standard error, one line per event: "time=… level=… event=… key=value …".
// `level_name`: debug, info, warn or error; lines below it are dropped. Call once, first.
void StartLog(const std::string& level_name);

// One line of UTF-8, written by the destructor. Values with spaces, quotes or anything that
// Printable() escapes (core/utf8.h) are quoted and escaped, so that an event is always one line.
// Callers must never add values of records, page tokens or secrets. Thread-safe between objects.
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

// Logs an event without further values.
void LogEvent(LogLevel level, std::string_view event);

// Logs that the file of `flag` has changed: OK, or why its new content is not used.
std::function<void(const absl::Status&)> LogReload(const char* what);

}  // namespace atestore
