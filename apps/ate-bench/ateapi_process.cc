#include "apps/ate-bench/ateapi_process.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/status.h"

namespace atestore {
namespace {

// A port that nobody listens on just now.
uint16_t FreePort() {
  int descriptor = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  bool bound = bind(descriptor, reinterpret_cast<sockaddr*>(&address), length) == 0 &&
               getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length) == 0;
  close(descriptor);
  return bound ? ntohs(address.sin_port) : uint16_t{0};
}

}  // namespace

absl::StatusOr<AteapiProcess> AteapiProcess::Start(const std::vector<std::string>& addresses) {
  std::error_code error;
  std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  std::string program = (self.parent_path() / "ateapi").string();
  if (access(program.c_str(), X_OK) != 0) {
    return NotFoundError(absl::StrCat("no program ", program, "; build it, or give --endpoint"));
  }
  uint16_t port = FreePort();
  std::string listen = absl::StrCat("127.0.0.1:", port);
  std::string cluster = absl::StrJoin(addresses, ",");
  pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    // Its log lines must not mix with the report.
    dup2(STDERR_FILENO, STDOUT_FILENO);
    execl(program.c_str(), program.c_str(), "--grpc-listen-addr", listen.c_str(),
          "--redis-cluster-address", cluster.c_str(), static_cast<char*>(nullptr));
    _exit(127);
  }
  if (pid < 0) return UnavailableError(absl::StrCat("cannot start ", program));
  return AteapiProcess(pid, port);
}

AteapiProcess::AteapiProcess(AteapiProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), port_(other.port_) {}

AteapiProcess::~AteapiProcess() {
  if (pid_ <= 0) return;
  kill(pid_, SIGTERM);
  waitpid(pid_, nullptr, 0);
}

std::string AteapiProcess::endpoint() const { return absl::StrCat("127.0.0.1:", port_); }

}  // namespace atestore
