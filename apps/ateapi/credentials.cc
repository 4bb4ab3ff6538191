#include "apps/ateapi/credentials.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "absl/strings/str_cat.h"
#include "store/redis/files.h"

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

absl::Status Unusable(const std::string& path, const char* what) {
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", what));
}

absl::Status CheckBundle(const std::string& path) {
  const absl::StatusOr<std::string> pem = ReadFile(path);
  if (!pem.ok()) return pem.status();
  const CertificatePtr certificate = FirstCertificate(*pem);
  if (certificate == nullptr) return Unusable(path, "holds no PEM certificate");
  const KeyPtr key = PrivateKey(*pem);
  if (key == nullptr) {
    return Unusable(path, "holds no private key without a passphrase; append it to the file");
  }
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return Unusable(path, "the private key does not belong to the first certificate");
  }
  if (X509_cmp_current_time(X509_get0_notAfter(certificate.get())) < 0) {
    return Unusable(path, "the certificate has expired");
  }
  return absl::OkStatus();
}

absl::Status CheckAuthorities(const std::string& path) {
  const absl::StatusOr<std::string> pem = ReadFile(path);
  if (!pem.ok()) return pem.status();
  if (FirstCertificate(*pem) == nullptr) return Unusable(path, "holds no PEM certificate");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> LoadServerCredentials(
    const std::string& bundle_path, const std::string& client_ca_path) {
  if (absl::Status status = CheckBundle(bundle_path); !status.ok()) return status;
  if (!client_ca_path.empty()) {
    if (absl::Status status = CheckAuthorities(client_ca_path); !status.ok()) return status;
  }
  auto provider = std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
      bundle_path, bundle_path, client_ca_path, kReloadSeconds);
  grpc::experimental::TlsServerCredentialsOptions options(provider);
  options.watch_identity_key_cert_pairs();
  if (client_ca_path.empty()) {
    options.set_cert_request_type(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  } else {
    options.watch_root_certs();
    options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return grpc::experimental::TlsServerCredentials(options);
}

}  // namespace atestore
