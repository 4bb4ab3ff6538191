#include "apps/ateapi/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdint>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/status.h"
#include "core/utf8.h"

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

// Whether a value needs no quotes once nothing unprintable is in it.
bool IsPlain(std::string_view value) {
  return !value.empty() && value.find_first_of(" \"=\\") == std::string_view::npos;
}

std::string Quoted(std::string_view value) {
  std::string printable = Printable(value);
  if (IsPlain(value) && printable == value) return printable;
  // Backslashes of the value itself are doubled, those of escapes are not.
  std::string quoted = "\"";
  while (!value.empty()) {
    const size_t special = std::min(value.find_first_of("\"\\"), value.size());
    quoted += Printable(value.substr(0, special));
    value.remove_prefix(special);
    if (value.empty()) break;
    quoted += '\\';
    quoted += value.front();
    value.remove_prefix(1);
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
