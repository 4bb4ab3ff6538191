#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "apps/ateapi/checked_copy.h"
#include "apps/ateapi/periodic.h"

namespace grpc {
class ServerCredentials;
}

namespace atestore {

// TLS (1.2 or later) for a server. Reloads its files when they change, as long as it lives.
class ServerCertificates {
 public:
  // Uses the certificate chain and private key in the PEM file `bundle_path`. If `client_ca_path`
  // is not empty, clients must present a certificate signed by one of its CAs. Both files are read
  // again within a few seconds of a change; if a file cannot be used, that is logged and the last
  // good content stays in use.
  //
  // INVALID_ARGUMENT, NOT_FOUND or PERMISSION_DENIED when a file cannot be used now; the message is
  // one line with the file and the problem.
  static absl::StatusOr<std::unique_ptr<ServerCertificates>> Load(
      const std::string& bundle_path, const std::string& client_ca_path);

  std::shared_ptr<grpc::ServerCredentials> credentials() const;

 private:
  ServerCertificates(std::unique_ptr<CheckedCopy> bundle, std::unique_ptr<CheckedCopy> client_ca);
  void Refresh();

  const std::unique_ptr<CheckedCopy> bundle_;
  const std::unique_ptr<CheckedCopy> client_ca_;  // may be null
  Periodic refreshing_;                           // last: it uses the above
};

}  // namespace atestore
