#pragma once

#include <sys/types.h>

#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"

namespace atestore {

// Runs the ateapi program in the folder of this program, on loopback without TLS. Its log goes to
// standard error. The process ends with this object, at the latest with this process.
class AteapiProcess {
 public:
  // Returns once ateapi serves. NOT_FOUND when the program does not exist. UNAVAILABLE, with its
  // log, when it exits before that, for example because it cannot reach the cluster.
  static absl::StatusOr<AteapiProcess> Start(const std::vector<std::string>& addresses);
  AteapiProcess(AteapiProcess&& other) noexcept;
  AteapiProcess& operator=(AteapiProcess&&) = delete;
  ~AteapiProcess();

  const std::string& endpoint() const { return endpoint_; }
  pid_t pid() const { return pid_; }

 private:
  explicit AteapiProcess(pid_t pid) : pid_(pid) {}

  pid_t pid_;
  std::string endpoint_;
  std::thread log_;  // copies its log to standard error, until it ends
};

}  // namespace atestore
