#include "apps/kubectl-ate/endpoint.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstdlib>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "core/status.h"

namespace atestore::cli {
namespace {

bool IsUnix(std::string_view endpoint) {
  return endpoint.starts_with("unix:") || endpoint.starts_with("unix-abstract:");
}

// "dns://authority/host:port" → "host:port"
std::string_view WithoutScheme(std::string_view endpoint) {
  for (const std::string_view scheme : {"dns:", "ipv4:", "ipv6:"}) {
    if (!endpoint.starts_with(scheme)) continue;
    endpoint.remove_prefix(scheme.size());
    if (endpoint.starts_with("//")) {
      const size_t slash = endpoint.find('/', 2);
      endpoint = slash == std::string_view::npos ? "" : endpoint.substr(slash + 1);
    }
    while (endpoint.starts_with("/")) endpoint.remove_prefix(1);
    break;
  }
  return endpoint.substr(0, endpoint.find(','));
}

bool IsLoopbackHost(std::string host) {
  absl::AsciiStrToLower(&host);
  while (absl::EndsWith(host, ".")) host.pop_back();
  if (host == "localhost" || absl::EndsWith(host, ".localhost")) return true;
  in_addr v4{};
  constexpr uint32_t kLoopbackNet = 127;
  if (inet_aton(host.c_str(), &v4) != 0) return ntohl(v4.s_addr) >> 24 == kLoopbackNet;
  in6_addr v6{};
  if (inet_pton(AF_INET6, host.substr(0, host.find('%')).c_str(), &v6) != 1) return false;
  return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == kLoopbackNet);
}

// As gRPC reads no_proxy: the ends of host names, separated by commas.
bool IsExempt(const std::string& host, const std::string& exemptions) {
  for (const absl::string_view part : absl::StrSplit(exemptions, ',', absl::SkipWhitespace())) {
    if (absl::EndsWithIgnoreCase(host, absl::StripAsciiWhitespace(part))) return true;
  }
  return false;
}

// "http://user:secret@proxy:3128" → "http://proxy:3128"
std::string WithoutSecrets(const std::string& proxy) {
  const size_t at = proxy.rfind('@');
  if (at == std::string::npos) return proxy;
  const size_t scheme = proxy.find("://");
  return (scheme == std::string::npos ? "" : proxy.substr(0, scheme + 3)) + proxy.substr(at + 1);
}

}  // namespace

std::optional<Endpoint> HostOfEndpoint(std::string_view endpoint) {
  if (IsUnix(endpoint)) return std::nullopt;
  const std::string plain =
      absl::StrReplaceAll(ToAbsl(WithoutScheme(endpoint)),
                          {{"%5B", "["}, {"%5D", "]"}, {"%5b", "["}, {"%5d", "]"}, {"%25", "%"}});
  absl::StatusOr<Endpoint> parsed = ParseEndpoint(plain);
  if (!parsed.ok()) return std::nullopt;
  return *std::move(parsed);
}

bool IsLocalEndpoint(std::string_view endpoint) {
  if (IsUnix(endpoint)) return true;
  const std::optional<Endpoint> parsed = HostOfEndpoint(endpoint);
  return parsed && IsLoopbackHost(parsed->host);
}

std::optional<Proxy> ProxyFor(
    std::string_view endpoint,
    const std::function<std::optional<std::string>(const char* name)>& environment) {
  if (IsLocalEndpoint(endpoint)) return std::nullopt;
  const std::optional<Endpoint> parsed = HostOfEndpoint(endpoint);
  const std::string host = parsed ? parsed->host : std::string(endpoint);
  for (const char* const variable : {"no_grpc_proxy", "no_proxy"}) {
    const std::optional<std::string> exemptions = environment(variable);
    if (!exemptions) continue;
    if (IsExempt(host, *exemptions)) return std::nullopt;
    break;
  }
  for (const char* const variable : {"grpc_proxy", "https_proxy", "http_proxy"}) {
    const std::optional<std::string> proxy = environment(variable);
    if (!proxy || proxy->empty()) continue;
    return Proxy{.address = WithoutSecrets(*proxy), .variable = variable};
  }
  return std::nullopt;
}

std::optional<Proxy> ProxyFor(std::string_view endpoint) {
  return ProxyFor(endpoint, [](const char* name) -> std::optional<std::string> {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody sets the environment
    const char* const value = std::getenv(name);
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  });
}

}  // namespace atestore::cli
