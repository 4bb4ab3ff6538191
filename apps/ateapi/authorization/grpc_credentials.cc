#include "apps/ateapi/authorization/grpc_credentials.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/auth_context.h>
#include <grpcpp/server_context.h>

#include <string>
#include <vector>

namespace atestore {
namespace {

std::vector<std::string> Values(const grpc::AuthContext& peer, const char* property) {
  std::vector<std::string> values;
  for (const grpc::string_ref& value : peer.FindPropertyValues(property)) {
    values.emplace_back(value.data(), value.size());
  }
  return values;
}

}  // namespace

CallCredentials CredentialsOf(const grpc::ServerContextBase& context) {
  CallCredentials credentials;
  // Properties of a certificate are there only once TLS has verified it.
  if (const std::shared_ptr<const grpc::AuthContext> peer = context.auth_context()) {
    credentials.uris = Values(*peer, GRPC_PEER_URI_PROPERTY_NAME);
    credentials.dns_names = Values(*peer, GRPC_PEER_DNS_PROPERTY_NAME);
    credentials.common_names = Values(*peer, GRPC_X509_CN_PROPERTY_NAME);
  }
  const auto [first, last] = context.client_metadata().equal_range("authorization");
  for (auto found = first; found != last; ++found) {
    credentials.authorizations.emplace_back(found->second.data(), found->second.size());
  }
  return credentials;
}

}  // namespace atestore
