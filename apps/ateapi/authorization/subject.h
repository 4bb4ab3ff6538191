#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace atestore {

// Who calls. A caller has several names when its certificate does: each of them counts. A name says
// where it comes from, so that none can stand in for another:
//   "spiffe://cluster.local/ns/a/sa/b", "uri:…"   a URI in the certificate
//   "dns:client.example.com"                      a DNS name in the certificate
//   "cn:alice"                                    its common name
//   "jwt:system:serviceaccount:a:b"               the subject of a token
struct Subject {
  std::vector<std::string> names;  // empty: nobody is known to call

  bool is_anonymous() const { return names.empty(); }
};

inline constexpr size_t kSubjectBytesMax = 1024;

// Whether a policy may name it: one of the prefixes above, something behind it, no control
// characters or white space, and at most kSubjectBytesMax bytes.
bool IsSubjectName(std::string_view name);

// What a call brings along to tell who makes it.
struct CallCredentials {
  // Of the client's certificate, which TLS has verified.
  std::vector<std::string> uris;
  std::vector<std::string> dns_names;
  std::vector<std::string> common_names;
  // The values of the metadata key "authorization".
  std::vector<std::string> authorizations;
};

// The names that the certificate gives. Names that no policy may hold are left out.
Subject SubjectOfCertificate(const CallCredentials& credentials);

// The bearer token among the authorizations; nullopt: there is none. UNAUTHENTICATED
// (TOKEN_MALFORMED) when there are several or one of another scheme.
absl::StatusOr<std::optional<std::string_view>> BearerToken(const CallCredentials& credentials);

// For logs: every name, what is not printable ASCII as %XX.
std::string ToLogText(const Subject& subject);
std::string PercentEscaped(std::string_view text);

}  // namespace atestore
