#include "tests/support/server_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "core/status.h"

namespace atestore {
namespace {

constexpr absl::Duration kPollInterval = absl::Milliseconds(5);
// Ports cannot be taken for slots (below 16384), in texts in which tests replace them by names.
constexpr uint16_t kPortMin = 16384;
constexpr uint16_t kPortMax = 32000;

// An abstract socket name is a lock that the kernel drops with the process.
int LockPort(uint16_t port) {
  int lock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::string name = absl::StrCat("atestore-test-port-", port);
  name.copy(address.sun_path + 1, name.size());
  socklen_t length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (bind(lock, reinterpret_cast<sockaddr*>(&address), length) == 0) return lock;
  close(lock);
  return -1;
}

bool IsFree(uint16_t port) {
  int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int yes = 1;
  setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  bool free = bind(probe, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  close(probe);
  return free;
}

[[noreturn]] void Exec(char** arguments, int output) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // A group of its own: when a test's shell goes away, the kernel hangs up on every process of a
  // group with a stopped member, and tests stop servers.
  setpgid(0, 0);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  execv(arguments[0], arguments);
  _exit(127);
}

}  // namespace

bool Poll(absl::Duration limit, const std::function<bool()>& condition) {
  absl::Time end = absl::Now() + limit;
  while (!condition()) {
    if (absl::Now() > end) return false;
    absl::SleepFor(kPollInterval);
  }
  return true;
}

TempDir::TempDir() {
  std::string name = (std::filesystem::temp_directory_path() / "atestore-XXXXXX").string();
  path_ = mkdtemp(name.data()) == nullptr ? std::filesystem::path() : std::filesystem::path(name);
}

TempDir::~TempDir() {
  std::error_code ignored;
  if (std::getenv("ATESTORE_KEEP_FILES") == nullptr) std::filesystem::remove_all(path_, ignored);
}

absl::StatusOr<PortLease> PortLease::Take() {
  // Chance only spreads the processes that run at the same time; the lock is what excludes.
  std::minstd_rand random(static_cast<unsigned>(getpid()) * 7919U +
                          static_cast<unsigned>(absl::ToUnixMicros(absl::Now())));
  std::uniform_int_distribution<int> ports(kPortMin, kPortMax);
  for (int attempt = 0; attempt < 1000; ++attempt) {
    uint16_t port = static_cast<uint16_t>(ports(random));
    int lock = LockPort(port);
    if (lock < 0) continue;
    if (IsFree(port)) return PortLease(port, lock);
    close(lock);
  }
  return UnavailableError("no free port");
}

PortLease::PortLease(PortLease&& other) noexcept
    : port_(other.port_), lock_(std::exchange(other.lock_, -1)) {}

PortLease& PortLease::operator=(PortLease&& other) noexcept {
  std::swap(port_, other.port_);
  std::swap(lock_, other.lock_);
  return *this;
}

PortLease::~PortLease() {
  if (lock_ >= 0) close(lock_);
}

absl::Status ChildProcess::Start(const std::vector<std::string>& command,
                                 const std::filesystem::path& output) {
  Kill();
  exit_status_.reset();
  parent_ = std::thread([this, command, output] { Run(command, output); });
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return pid_ > 0 || exit_status_.has_value(); });
  if (pid_ > 0) return absl::OkStatus();
  return absl::InternalError("cannot start a process");
}

void ChildProcess::Run(const std::vector<std::string>& command,
                       const std::filesystem::path& output) {
  std::vector<std::string> copy = command;
  std::vector<char*> arguments;
  for (std::string& argument : copy) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  int file = open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  pid_t child = fork();
  if (child == 0) Exec(arguments.data(), file);
  close(file);
  if (child > 0) {
    std::lock_guard lock(mutex_);
    pid_ = child;
    changed_.notify_all();
  }
  // WNOWAIT: until the lock is held the pid stays ours, so Signal() cannot hit another process.
  siginfo_t info{};
  if (child > 0) waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
  std::lock_guard lock(mutex_);
  int status = -1;
  if (child > 0) waitpid(child, &status, 0);
  exit_status_ = status;
  changed_.notify_all();
}

bool ChildProcess::running() {
  std::lock_guard lock(mutex_);
  return pid_ > 0 && !exit_status_;
}

void ChildProcess::Signal(int signal) {
  std::lock_guard lock(mutex_);
  if (pid_ > 0 && !exit_status_) kill(pid_, signal);
}

void ChildProcess::Kill() {
  Signal(SIGKILL);
  if (parent_.joinable()) parent_.join();
  pid_ = -1;
}

std::optional<int> ChildProcess::WaitForExit(absl::Duration limit) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, absl::ToChronoMilliseconds(limit),
                    [this] { return exit_status_.has_value(); });
  return exit_status_;
}

absl::StatusOr<std::string> RunProgram(const std::vector<std::string>& command,
                                       absl::Duration limit) {
  TempDir directory;
  std::filesystem::path output = directory.path() / "output";
  ChildProcess child;
  absl::Status started = child.Start(command, output);
  if (!started.ok()) return started;
  std::optional<int> status = child.WaitForExit(limit);
  child.Kill();
  std::ostringstream text;
  text << std::ifstream(output).rdbuf();
  if (status == 0) return text.str();
  std::string what = absl::StrCat(absl::StrJoin(command, " "), ":\n", text.str());
  return status ? absl::InternalError(what) : DeadlineExceededError(what);
}

std::optional<std::string> FindProgram(std::string_view name) {
  const char* path = std::getenv("PATH");
  std::istringstream directories(path == nullptr ? "/usr/bin:/bin" : path);
  for (std::string directory; std::getline(directories, directory, ':');) {
    std::string candidate = absl::StrCat(directory, "/", ToAbsl(name));
    if (access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return std::nullopt;
}

}  // namespace atestore
