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

// TLS (1.2 or later) for a server, following its files as long as this object lives.
class ServerCertificates {
 public:
  // With the certificate chain and private key of the PEM file `bundle_path`. When `client_ca_path`
  // is not empty, clients must present a certificate that one of its CAs signed. Both files are
  // read again within a few seconds of a change; a file that cannot be used is logged and the last
  // good one stays.
  //
  // INVALID_ARGUMENT, NOT_FOUND or PERMISSION_DENIED when the files cannot be used as they are now,
  // in one line that names the file and what is wrong.
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
