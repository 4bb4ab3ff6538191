#pragma once

#include <asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace mockcluster::inline v0 {

// PEM files, as of the settings of the same names in redis.conf.
struct TlsServerOptions {
  std::string cert_file;
  std::string key_file;
  std::string ca_cert_file;  // given: clients must present a certificate of this authority
};

// For streams of TLS 1.2 and later. FAILED_PRECONDITION names the file that cannot be used.
absl::StatusOr<std::unique_ptr<asio::ssl::context>> MakeTlsContext(const TlsServerOptions& options);

}  // namespace mockcluster::inline v0
