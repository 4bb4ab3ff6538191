#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace atestore {

// An ateapi of our own: the program beside this one, on loopback without TLS. Ends with this
// object, at the latest with this process.
class AteapiProcess {
 public:
  // NOT_FOUND when there is no program, UNAVAILABLE when it ends at once.
  static absl::StatusOr<AteapiProcess> Start(const std::vector<std::string>& addresses);
  AteapiProcess(AteapiProcess&& other) noexcept;
  AteapiProcess& operator=(AteapiProcess&&) = delete;
  ~AteapiProcess();

  std::string endpoint() const;
  pid_t pid() const { return pid_; }

 private:
  AteapiProcess(pid_t pid, uint16_t port) : pid_(pid), port_(port) {}

  pid_t pid_;
  uint16_t port_;
};

}  // namespace atestore
