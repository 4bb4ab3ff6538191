#pragma once

#include <string>
#include <string_view>

namespace atestore {

// Addresses to listen on are "host:port", IPv6 in brackets or not, or gRPC's "unix:path".

bool IsUnixSocket(std::string_view listen_address);

// Whether it is an address of the loopback interface ("localhost", 127.0.0.0/8, ::1) or a Unix
// socket. A wildcard address is not.
bool IsLoopback(std::string_view listen_address);

// The same address with the actual port instead of 0; "unix:path" has no port.
std::string WithPort(std::string_view listen_address, int port);

}  // namespace atestore
