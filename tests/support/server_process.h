#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace atestore {

// True as soon as `condition` is; false when it still was not after `limit`. Asks every few
// milliseconds: for states of other processes, which cannot be waited for otherwise.
bool Poll(absl::Duration limit, const std::function<bool()>& condition);

// A directory that is removed with its content, unless ATESTORE_KEEP_FILES is set.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// A loopback port that nobody listens on and that no other lease, in any process of this machine,
// has or gets. Lies below the range of ports that the kernel gives to clients.
class PortLease {
 public:
  static absl::StatusOr<PortLease> Take();
  PortLease(PortLease&& other) noexcept;
  PortLease& operator=(PortLease&& other) noexcept;
  ~PortLease();
  uint16_t port() const { return port_; }

 private:
  PortLease(uint16_t port, int lock) : port_(port), lock_(lock) {}
  uint16_t port_;
  int lock_;
};

// A child process that dies when this process does, however that happens. One caller at a time.
class ChildProcess {
 public:
  ChildProcess() = default;
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess() { Kill(); }  // SIGKILL

  // Standard output and error go to `output`. INTERNAL.
  absl::Status Start(const std::vector<std::string>& command, const std::filesystem::path& output);
  bool running();
  pid_t pid() const { return pid_; }
  void Signal(int signal);
  // SIGKILL, and waits for the end.
  void Kill();
  // The status as of waitpid(2); nullopt when it is still running after `limit`.
  std::optional<int> WaitForExit(absl::Duration limit);

 private:
  void Run(const std::vector<std::string>& command, const std::filesystem::path& output);

  // The kernel ties the parent-death signal to the thread that forked, so one thread forks and
  // waits.
  std::thread parent_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<int> exit_status_;
  pid_t pid_ = -1;
};

// Runs `command` to its end; its output. INTERNAL with the output when it fails,
// DEADLINE_EXCEEDED (and it is killed) after `limit`.
absl::StatusOr<std::string> RunProgram(const std::vector<std::string>& command,
                                       absl::Duration limit);

// The absolute path of a program on PATH.
std::optional<std::string> FindProgram(std::string_view name);

}  // namespace atestore
