#include "apps/ateapi/credentials.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <utility>

#include "apps/ateapi/flags.h"
#include "apps/ateapi/log.h"
#include "apps/cli/certificate_probe.h"
#include "core/status.h"

namespace atestore {
namespace {

using BioPtr = std::unique_ptr<BIO, decltype(&BIO_free)>;
using CertificatePtr = std::unique_ptr<X509, decltype(&X509_free)>;
using KeyPtr = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

BioPtr Reader(const std::string& pem) {
  return {BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free};
}

CertificatePtr FirstCertificate(const std::string& pem) {
  const BioPtr reader = Reader(pem);
  return {PEM_read_bio_X509(reader.get(), nullptr, nullptr, nullptr), &X509_free};
}

KeyPtr PrivateKey(const std::string& pem) {
  const BioPtr reader = Reader(pem);
  // An empty passphrase: a service must not stop at a prompt for one.
  char no_passphrase[] = "";
  return {PEM_read_bio_PrivateKey(reader.get(), nullptr, nullptr, no_passphrase), &EVP_PKEY_free};
}

absl::Status CheckBundle(const std::string& pem) {
  const CertificatePtr certificate = FirstCertificate(pem);
  if (certificate == nullptr) return InvalidArgumentError("holds no PEM certificate");
  const KeyPtr key = PrivateKey(pem);
  if (key == nullptr) {
    return InvalidArgumentError("holds no private key without a passphrase; append it to the file");
  }
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return InvalidArgumentError("the private key does not belong to the first certificate");
  }
  return CheckServerChain(pem);
}

// Between two looks at a file; gRPC looks at the copy as often.
constexpr unsigned kLookSeconds = 1;

}  // namespace

absl::StatusOr<std::unique_ptr<ServerCertificates>> ServerCertificates::Load(
    const std::string& bundle_path, const std::string& client_ca_path) {
  constexpr const char* kBundleFlag = "--grpc-server-cred-bundle";
  constexpr const char* kClientCaFlag = "--client-ca-certs";
  absl::StatusOr<std::unique_ptr<CheckedCopy>> bundle =
      CheckedCopy::Open(bundle_path, CheckBundle, LogReload(kBundleFlag));
  if (!bundle.ok()) return AtFlag(kBundleFlag, bundle.status());
  std::unique_ptr<CheckedCopy> client_ca;
  if (!client_ca_path.empty()) {
    absl::StatusOr<std::unique_ptr<CheckedCopy>> opened =
        CheckedCopy::Open(client_ca_path, CheckAuthorityFile, LogReload(kClientCaFlag));
    if (!opened.ok()) return AtFlag(kClientCaFlag, opened.status());
    client_ca = *std::move(opened);
  }
  return std::unique_ptr<ServerCertificates>(
      new ServerCertificates(*std::move(bundle), std::move(client_ca)));
}

ServerCertificates::ServerCertificates(std::unique_ptr<CheckedCopy> bundle,
                                       std::unique_ptr<CheckedCopy> client_ca)
    : bundle_(std::move(bundle)),
      client_ca_(std::move(client_ca)),
      refreshing_([this] { Refresh(); }, absl::Seconds(kLookSeconds)) {}

void ServerCertificates::Refresh() {
  bundle_->Refresh();
  if (client_ca_) client_ca_->Refresh();
}

std::shared_ptr<grpc::ServerCredentials> ServerCertificates::credentials() const {
  const std::string& bundle = bundle_->path();
  auto provider = std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
      bundle, bundle, client_ca_ ? client_ca_->path() : "", kLookSeconds);
  grpc::experimental::TlsServerCredentialsOptions options(provider);
  options.watch_identity_key_cert_pairs();
  if (client_ca_) {
    options.watch_root_certs();
    options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  } else {
    options.set_cert_request_type(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  }
  return grpc::experimental::TlsServerCredentials(options);
}

}  // namespace atestore
