#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/endpoint.h"

namespace atestore::cli {

// Host and port of an --endpoint in any form that gRPC accepts: "host:port", "[::1]:80",
// "dns:host:80", "dns:///host:80", "dns://authority/host:80", "ipv4:1.2.3.4:80", "ipv6:[::1]:80",
// "ipv6:%5B::1%5D:80". Returns the first of several addresses. nullopt for "unix:…" and for a text
// without a port.
std::optional<Endpoint> HostOfEndpoint(std::string_view endpoint);

// Whether the endpoint is on this machine: a Unix socket, or loopback in any spelling. No proxy is
// used for these.
bool IsLocalEndpoint(std::string_view endpoint);

// A proxy that gRPC will use, and where it is configured.
struct Proxy {
  std::string address;   // without a user name or password
  std::string variable;  // the environment variable
};

// The proxy that gRPC uses for `endpoint`: from grpc_proxy, https_proxy or http_proxy, unless
// no_grpc_proxy or no_proxy exempts the host. `environment` reads a variable.
std::optional<Proxy> ProxyFor(
    std::string_view endpoint,
    const std::function<std::optional<std::string>(const char* name)>& environment);

// The same with the environment of this process.
std::optional<Proxy> ProxyFor(std::string_view endpoint);

}  // namespace atestore::cli
