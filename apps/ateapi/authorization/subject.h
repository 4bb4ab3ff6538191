#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace atestore {

// A caller. It has several names if its certificate does; each of them counts. A prefix says where
// a name comes from, so that names from different sources cannot be confused:
//   "spiffe://cluster.local/ns/a/sa/b", "uri:…"   a URI in the certificate
//   "dns:client.example.com"                      a DNS name in the certificate
//   "cn:alice"                                    its common name
//   "jwt:system:serviceaccount:a:b"               the subject of a token
struct Subject {
  std::vector<std::string> names;  // empty: anonymous

  bool is_anonymous() const { return names.empty(); }
};

inline constexpr size_t kSubjectBytesMax = 1024;

// Whether a policy may contain this name: one of the prefixes above followed by text, no control
// characters or white space, and at most kSubjectBytesMax bytes.
bool IsSubjectName(std::string_view name);

// The credentials that a call presents.
struct CallCredentials {
  // From the client's certificate, which TLS has verified.
  std::vector<std::string> uris;
  std::vector<std::string> dns_names;
  std::vector<std::string> common_names;
  // The values of the metadata key "authorization".
  std::vector<std::string> authorizations;
};

// The names in the certificate, without those that a policy cannot contain.
Subject SubjectOfCertificate(const CallCredentials& credentials);

// The bearer token among the authorizations. nullopt: there is no authorization. UNAUTHENTICATED
// (TOKEN_MALFORMED) when there are several, or one with another scheme.
absl::StatusOr<std::optional<std::string_view>> BearerToken(const CallCredentials& credentials);

// All names, for logs; bytes that are not printable ASCII become %XX.
std::string ToLogText(const Subject& subject);
std::string PercentEscaped(std::string_view text);

}  // namespace atestore
