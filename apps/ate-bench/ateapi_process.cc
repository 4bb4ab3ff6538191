#include "apps/ate-bench/ateapi_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/status.h"

namespace atestore {
namespace {

using File = std::unique_ptr<std::FILE, decltype(&std::fclose)>;

// With its end; empty after the last one.
std::string NextLine(std::FILE* file) {
  char* line = nullptr;
  size_t capacity = 0;
  ssize_t bytes = getline(&line, &capacity, file);
  std::string text;
  if (bytes > 0) text.assign(line, static_cast<size_t>(bytes));
  std::free(line);
  return text;
}

// From the line of the log that says where ateapi serves; empty for other lines.
std::string ServingAddress(const std::string& line) {
  constexpr std::string_view kServing = "event=serving address=";
  size_t found = line.find(kServing);
  if (found == std::string::npos) return "";
  size_t begin = found + kServing.size();
  return line.substr(begin, line.find_first_of(" \n", begin) - begin);
}

}  // namespace

absl::StatusOr<AteapiProcess> AteapiProcess::Start(const std::vector<std::string>& addresses) {
  std::error_code error;
  std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  std::string program = (self.parent_path() / "ateapi").string();
  if (access(program.c_str(), X_OK) != 0) {
    return NotFoundError(absl::StrCat("no program ", program, "; build it, or give --endpoint"));
  }
  std::string cluster = absl::StrJoin(addresses, ",");
  int log_ends[2];
  if (pipe2(log_ends, O_CLOEXEC) != 0) return UnavailableError("cannot make a pipe");
  pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(log_ends[1], STDOUT_FILENO);
    dup2(log_ends[1], STDERR_FILENO);
    execl(program.c_str(), program.c_str(), "--grpc-listen-addr", "127.0.0.1:0",
          "--redis-cluster-address", cluster.c_str(), static_cast<char*>(nullptr));
    _exit(127);
  }
  close(log_ends[1]);
  File log(fdopen(log_ends[0], "r"), &std::fclose);
  if (pid < 0) return UnavailableError(absl::StrCat("cannot start ", program));
  AteapiProcess process(pid);
  std::string said;
  while (process.endpoint_.empty()) {
    std::string line = NextLine(log.get());
    if (line.empty()) {
      absl::StripTrailingAsciiWhitespace(&said);
      return UnavailableError(absl::StrCat(program, " ended before it served: ", said));
    }
    process.endpoint_ = ServingAddress(line);
    said += line;
  }
  std::fputs(said.c_str(), stderr);
  process.log_ = std::thread([log = std::move(log)] {
    for (std::string line; !(line = NextLine(log.get())).empty();) std::fputs(line.c_str(), stderr);
  });
  return process;
}

AteapiProcess::AteapiProcess(AteapiProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      endpoint_(std::move(other.endpoint_)),
      log_(std::move(other.log_)) {}

AteapiProcess::~AteapiProcess() {
  if (pid_ <= 0) return;
  kill(pid_, SIGTERM);
  waitpid(pid_, nullptr, 0);
  if (log_.joinable()) log_.join();
}

}  // namespace atestore
