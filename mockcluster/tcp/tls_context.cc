#include "mockcluster/tcp/tls_context.h"

#include <system_error>

#include "core/status.h"

namespace mockcluster::inline v0 {

absl::StatusOr<std::unique_ptr<asio::ssl::context>> MakeTlsContext(
    const TlsServerOptions& options) {
  auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  auto refuse = [](const std::string& file, const std::error_code& error) {
    return atestore::FailedPreconditionError("TLS: " + file + ": " + error.message());
  };
  std::error_code error;
  context->use_certificate_chain_file(options.cert_file, error);
  if (error) return refuse(options.cert_file, error);
  context->use_private_key_file(options.key_file, asio::ssl::context::pem, error);
  if (error) return refuse(options.key_file, error);
  if (options.ca_cert_file.empty()) return context;
  context->load_verify_file(options.ca_cert_file, error);
  if (error) return refuse(options.ca_cert_file, error);
  context->set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
  return context;
}

}  // namespace mockcluster::inline v0
