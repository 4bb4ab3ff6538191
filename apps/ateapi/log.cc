#include "apps/ateapi/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdint>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/status.h"

namespace atestore {
namespace {

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

bool IsPlain(unsigned char c) { return c > 0x20 && c != '"' && c != '=' && c != '\\' && c != 0x7f; }

std::string Quoted(std::string_view value) {
  bool plain = !value.empty();
  for (const char c : value) plain = plain && IsPlain(static_cast<unsigned char>(c));
  if (plain) return std::string(value);
  std::string quoted = "\"";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      absl::StrAppendFormat(&quoted, "\\x%02x", byte);
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

}  // namespace

void StartLog(const std::string& level_name) {
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  auto logger = std::make_shared<spdlog::logger>("ateapi", std::move(sink));
  logger->set_pattern("time=%Y-%m-%dT%H:%M:%S.%eZ level=%l %v", spdlog::pattern_time_type::utc);
  logger->set_level(spdlog::level::from_str(level_name));
  logger->flush_on(spdlog::level::debug);
  spdlog::set_default_logger(std::move(logger));
}

LogLine::LogLine(LogLevel level, std::string_view event) : level_(level), line_("event=") {
  line_ += event;
}

LogLine::~LogLine() { spdlog::default_logger_raw()->log(ToSpdlog(level_), "{}", line_); }

void LogEvent(LogLevel level, std::string_view event) { const LogLine line(level, event); }

LogLine& LogLine::Add(std::string_view key, std::string_view value) {
  absl::StrAppend(&line_, " ", ToAbsl(key), "=", Quoted(value));
  return *this;
}

LogLine& LogLine::Add(std::string_view key, int64_t value) {
  absl::StrAppend(&line_, " ", ToAbsl(key), "=", value);
  return *this;
}

LogLine& LogLine::AddSeconds(std::string_view key, double seconds) {
  absl::StrAppendFormat(&line_, " %s=%.6f", std::string(key), seconds);
  return *this;
}

std::function<void(const absl::Status&)> LogReload(const char* what) {
  return [what](const absl::Status& status) {
    LogLine(status.ok() ? LogLevel::kInfo : LogLevel::kWarning,
            status.ok() ? "reloaded" : "not_reloaded")
        .Add("what", what)
        .Add("message", status.ok() ? "for new connections" : ToStd(status.message()));
  };
}

}  // namespace atestore
