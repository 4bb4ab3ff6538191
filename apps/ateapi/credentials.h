#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace grpc {
class ServerCredentials;
}

namespace atestore {

// TLS (1.2 or later) with the certificate chain and private key of the PEM file `bundle_path`. When
// `client_ca_path` is not empty, clients must present a certificate that one of its CAs signed.
// Both files are read again within kReloadSeconds of a change; a bundle that does not fit together
// is ignored and the last good one stays.
//
// INVALID_ARGUMENT, NOT_FOUND or PERMISSION_DENIED when the files cannot be used as they are now,
// in one line that names the file and what is wrong.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> LoadServerCredentials(
    const std::string& bundle_path, const std::string& client_ca_path);
inline constexpr unsigned kReloadSeconds = 2;

}  // namespace atestore
