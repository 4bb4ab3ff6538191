#pragma once

#include <sys/types.h>

#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"

namespace atestore {

// An ateapi of our own: the program beside this one, on loopback without TLS. Its log goes to
// standard error. Ends with this object, at the latest with this process.
class AteapiProcess {
 public:
  // Returns when it serves. NOT_FOUND when there is no program, UNAVAILABLE with its log when it
  // ends instead, as it does when it does not reach the cluster in its time.
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
  std::thread log_;  // passes on what it says, until it ends
};

}  // namespace atestore
