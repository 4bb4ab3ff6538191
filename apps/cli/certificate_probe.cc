#include "apps/cli/certificate_probe.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "core/utf8.h"

namespace atestore {
namespace {

using ContextPtr = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
using SslPtr = std::unique_ptr<SSL, decltype(&SSL_free)>;
using BioPtr = std::unique_ptr<BIO, decltype(&BIO_free)>;
using CertificatePtr = std::unique_ptr<X509, decltype(&X509_free)>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)>;

std::string TextOf(const BioPtr& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return Printable({data, static_cast<size_t>(size)});
}

std::string TimeText(const ASN1_TIME* time) {
  const BioPtr bio(BIO_new(BIO_s_mem()), &BIO_free);
  ASN1_TIME_print(bio.get(), time);
  return TextOf(bio);
}

std::string NameText(const X509_NAME* name) {
  const BioPtr bio(BIO_new(BIO_s_mem()), &BIO_free);
  X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
  return TextOf(bio);
}

std::string AddressText(const ASN1_OCTET_STRING* address) {
  char text[INET6_ADDRSTRLEN] = "";
  constexpr int kV4Bytes = 4;
  const int family = ASN1_STRING_length(address) == kV4Bytes ? AF_INET : AF_INET6;
  inet_ntop(family, ASN1_STRING_get0_data(address), text, sizeof(text));
  return text;
}

// The names that a certificate is for.
std::string NamesOf(X509* certificate) {
  std::vector<std::string> names;
  const NamesPtr found(static_cast<GENERAL_NAMES*>(
                           X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
                       &GENERAL_NAMES_free);
  for (int i = 0; found != nullptr && i < sk_GENERAL_NAME_num(found.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(found.get(), i);
    if (name->type == GEN_DNS) {
      const auto* const data = ASN1_STRING_get0_data(name->d.dNSName);
      names.push_back(Printable({reinterpret_cast<const char*>(data),
                                 static_cast<size_t>(ASN1_STRING_length(name->d.dNSName))}));
    } else if (name->type == GEN_IPADD) {
      names.push_back(AddressText(name->d.iPAddress));
    }
  }
  if (names.empty()) return NameText(X509_get_subject_name(certificate));
  return absl::StrJoin(names, ", ");
}

bool IsFor(X509* certificate, const std::string& name) {
  in6_addr ignored{};
  const bool address = inet_pton(AF_INET, name.c_str(), &ignored) == 1 ||
                       inet_pton(AF_INET6, name.c_str(), &ignored) == 1;
  return (address ? X509_check_ip_asc(certificate, name.c_str(), 0)
                  : X509_check_host(certificate, name.c_str(), name.size(), 0, nullptr)) == 1;
}

bool MayServe(X509* certificate) {
  return X509_check_purpose(certificate, X509_PURPOSE_SSL_SERVER, 0) == 1;
}

std::optional<std::string> TimeFlaw(const X509* certificate) {
  if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0) {
    return absl::StrCat("has expired (it was valid until ",
                        TimeText(X509_get0_notAfter(certificate)), ")");
  }
  if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0) {
    return absl::StrCat("is not valid before ", TimeText(X509_get0_notBefore(certificate)),
                        "; is the clock of this machine right?");
  }
  return std::nullopt;
}

std::string VerifyText(long result, X509* certificate) {
  switch (result) {
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return "is self-signed, and not among the trusted CAs";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return absl::StrCat("is signed by a CA that is not trusted here: ",
                          NameText(X509_get_issuer_name(certificate)));
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "is signed by a CA whose certificate has expired";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "is signed by a CA whose certificate is not valid yet";
    default:
      return absl::StrCat("is not accepted: ", X509_verify_cert_error_string(result));
  }
}

// A connection, or -1.
int ConnectTo(const CertificateQuestion& question, absl::Time deadline) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string port = absl::StrCat(question.port);
  if (getaddrinfo(question.host.c_str(), port.c_str(), &hints, &found) != 0) return -1;
  int connected = -1;
  for (const addrinfo* each = found; each != nullptr && connected < 0; each = each->ai_next) {
    const int descriptor = socket(each->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) continue;
    pollfd waiting{.fd = descriptor, .events = POLLOUT, .revents = 0};
    const int left = static_cast<int>(absl::ToInt64Milliseconds(deadline - absl::Now()));
    int error = 0;
    socklen_t size = sizeof(error);
    if (connect(descriptor, each->ai_addr, each->ai_addrlen) == 0 ||
        (errno == EINPROGRESS && left > 0 && poll(&waiting, 1, left) == 1 &&
         getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0)) {
      connected = descriptor;
    } else {
      close(descriptor);
    }
  }
  freeaddrinfo(found);
  return connected;
}

// Until the handshake has ended, in whatever way, or the time is up.
void Handshake(SSL* ssl, int descriptor, absl::Time deadline) {
  for (;;) {
    const int result = SSL_connect(ssl);
    if (result == 1) return;
    const int want = SSL_get_error(ssl, result);
    if (want != SSL_ERROR_WANT_READ && want != SSL_ERROR_WANT_WRITE) return;
    pollfd waiting{.fd = descriptor,
                   .events = static_cast<short>(want == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT),
                   .revents = 0};
    const int left = static_cast<int>(absl::ToInt64Milliseconds(deadline - absl::Now()));
    if (left <= 0 || poll(&waiting, 1, left) != 1) return;
  }
}

std::optional<std::string> FlawOf(SSL* ssl, const std::string& name) {
  const CertificatePtr certificate(SSL_get1_peer_certificate(ssl), &X509_free);
  if (certificate == nullptr) return std::nullopt;
  if (std::optional<std::string> flaw = TimeFlaw(certificate.get())) return flaw;
  if (!MayServe(certificate.get())) return "may not be used by servers (extended key usage)";
  const long result = SSL_get_verify_result(ssl);
  if (result != X509_V_OK) return VerifyText(result, certificate.get());
  if (!IsFor(certificate.get(), name)) {
    return absl::StrCat("is for another name: ", NamesOf(certificate.get()));
  }
  return std::nullopt;
}

std::vector<CertificatePtr> CertificatesOf(const std::string& pem) {
  std::vector<CertificatePtr> certificates;
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  while (X509* const next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    certificates.emplace_back(next, &X509_free);
  }
  ERR_clear_error();  // the end of the file is one
  return certificates;
}

}  // namespace

std::optional<std::string> WhyCertificateIsRefused(const CertificateQuestion& question,
                                                   absl::Duration patience) {
  const absl::Time deadline = absl::Now() + patience;
  const ContextPtr context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
  if (question.ca_file.empty()) {
    SSL_CTX_set_default_verify_paths(context.get());
  } else {
    SSL_CTX_load_verify_file(context.get(), question.ca_file.c_str());
  }
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  const int descriptor = ConnectTo(question, deadline);
  if (descriptor < 0) return std::nullopt;
  const std::string& name = question.server_name.empty() ? question.host : question.server_name;
  const SslPtr ssl(SSL_new(context.get()), &SSL_free);
  SSL_set_fd(ssl.get(), descriptor);
  SSL_set_tlsext_host_name(ssl.get(), name.c_str());
  constexpr unsigned char kHttp2[] = {2, 'h', '2'};
  SSL_set_alpn_protos(ssl.get(), kHttp2, sizeof(kHttp2));
  Handshake(ssl.get(), descriptor, deadline);
  std::optional<std::string> flaw = FlawOf(ssl.get(), name);
  close(descriptor);
  ERR_clear_error();
  return flaw;
}

absl::Status CheckServerChain(const std::string& pem) {
  const std::vector<CertificatePtr> chain = CertificatesOf(pem);
  if (chain.empty()) return absl::InvalidArgumentError("holds no PEM certificate");
  for (size_t i = 0; i < chain.size(); ++i) {
    if (const std::optional<std::string> flaw = TimeFlaw(chain[i].get())) {
      const std::string which = i == 0 ? "the certificate" : absl::StrCat("certificate ", i + 1);
      return absl::InvalidArgumentError(absl::StrCat(which, " ", *flaw));
    }
  }
  if (!MayServe(chain.front().get())) {
    return absl::InvalidArgumentError(
        "the certificate may not be used by servers: no client would accept it (its key usage or "
        "extended key usage says so; serverAuth is needed)");
  }
  const ContextPtr context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
  if (SSL_CTX_use_certificate(context.get(), chain.front().get()) != 1) {
    const char* const why = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return absl::InvalidArgumentError(
        absl::StrCat("the certificate is refused: ", why == nullptr ? "unknown reason" : why));
  }
  return absl::OkStatus();
}

absl::Status CheckAuthorityFile(const std::string& pem) {
  const std::vector<CertificatePtr> authorities = CertificatesOf(pem);
  if (authorities.empty()) return absl::InvalidArgumentError("holds no PEM certificate");
  std::optional<std::string> first;
  for (const CertificatePtr& authority : authorities) {
    const std::optional<std::string> flaw = TimeFlaw(authority.get());
    if (!flaw) return absl::OkStatus();
    if (!first) first = flaw;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("every certificate in it is unfit: the first ", *first));
}

}  // namespace atestore
