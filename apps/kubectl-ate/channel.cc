#include "apps/kubectl-ate/channel.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_certificate_verifier.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <cerrno>
#include <fstream>
#include <ios>
#include <string>
#include <string_view>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "apps/kubectl-ate/bearer_token.h"
#include "apps/kubectl-ate/endpoint.h"
#include "core/status.h"

namespace atestore::cli {
namespace {

// A service that restarts is found again quickly.
constexpr int kReconnectMsMin = 100;
constexpr int kReconnectMsMax = 1000;
constexpr int kConnectMsMax = 5000;
// Pings while a call waits for its answer, so that a peer that is gone is noticed and nothing on
// the way takes the connection for idle. ateapi admits them (apps/ateapi/server.cc).
constexpr int kPingMs = 20'000;
constexpr int kPingPatienceMs = 20'000;
// Atespaces and workers come in one answer.
constexpr int kReceiveBytesMax = 256 << 20;
// Of a file of certificates or keys.
constexpr size_t kPemBytesMax = size_t{2} << 20;

absl::StatusOr<std::string> ReadPem(std::string_view flag, const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text(kPemBytesMax + 1, '\0');
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad() || !file.is_open()) {
    return absl::ErrnoToStatus(errno != 0 ? errno : EIO,
                               absl::StrCat(ToAbsl(flag), ": cannot read ", path));
  }
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > kPemBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat(ToAbsl(flag), ": ", path, " has more than ", kPemBytesMax, " bytes"));
  }
  if (text.find("-----BEGIN") == std::string::npos) {
    return absl::InvalidArgumentError(absl::StrCat(ToAbsl(flag), ": ", path, " is not a PEM file"));
  }
  return text;
}

struct Pems {
  std::string authorities;
  std::string client_certificate;
  std::string client_key;
};

absl::StatusOr<Pems> ReadPems(const ConnectionOptions& options) {
  Pems pems;
  const bool key_apart = !options.client_key.empty();
  const std::tuple<std::string_view, const std::string&, std::string&> files[] = {
      {"--ca-cert", options.ca_cert, pems.authorities},
      {"--client-cert", options.client_cert, pems.client_certificate},
      {key_apart ? "--client-key" : "--client-cert",
       key_apart ? options.client_key : options.client_cert, pems.client_key}};
  for (const auto& [flag, path, text] : files) {
    if (path.empty()) continue;
    absl::StatusOr<std::string> pem = ReadPem(flag, path);
    if (!pem.ok()) return pem.status();
    text = *std::move(pem);
  }
  if (!pems.client_key.empty() && pems.client_key.find("PRIVATE KEY-----") == std::string::npos) {
    return absl::InvalidArgumentError(
        key_apart ? absl::StrCat("--client-key: ", options.client_key, " holds no private key")
                  : absl::StrCat("--client-cert: ", options.client_cert,
                                 " holds no private key; give its file with --client-key"));
  }
  return pems;
}

std::shared_ptr<grpc::ChannelCredentials> UnverifiedCredentials(const Pems& pems) {
  grpc::experimental::TlsChannelCredentialsOptions tls;
  tls.set_verify_server_certs(false);
  tls.set_check_call_host(false);
  tls.set_certificate_verifier(std::make_shared<grpc::experimental::NoOpCertificateVerifier>());
  if (!pems.client_certificate.empty()) {
    const std::vector<grpc::experimental::IdentityKeyCertPair> identity = {
        {.private_key = pems.client_key, .certificate_chain = pems.client_certificate}};
    tls.set_certificate_provider(
        std::make_shared<grpc::experimental::StaticDataCertificateProvider>(identity));
    tls.watch_identity_key_cert_pairs();
  }
  return grpc::experimental::TlsCredentials(tls);
}

std::shared_ptr<grpc::ChannelCredentials> CredentialsFor(const ConnectionOptions& options,
                                                         const Pems& pems) {
  if (options.plaintext) return grpc::InsecureChannelCredentials();
  if (options.insecure_skip_tls_verify) return UnverifiedCredentials(pems);
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = pems.authorities;
  tls.pem_cert_chain = pems.client_certificate;
  tls.pem_private_key = pems.client_key;
  return grpc::SslCredentials(tls);
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const ConnectionOptions& options) {
  const absl::StatusOr<Pems> pems = ReadPems(options);
  if (!pems.ok()) return pems.status();
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectMsMin);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectMsMax);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectMsMax);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kPingMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kPingPatienceMs);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetMaxReceiveMessageSize(kReceiveBytesMax);
  if (IsLocalEndpoint(options.endpoint)) {
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  }
  if (!options.server_name.empty()) arguments.SetSslTargetNameOverride(options.server_name);
  return grpc::CreateCustomChannel(options.endpoint, CredentialsFor(options, *pems), arguments);
}

}  // namespace atestore::cli
