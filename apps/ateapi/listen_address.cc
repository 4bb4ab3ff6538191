#include "apps/ateapi/listen_address.h"

#include "absl/strings/str_cat.h"
#include "core/status.h"

namespace atestore {
namespace {

std::string_view HostOf(std::string_view listen_address) {
  return listen_address.substr(0, listen_address.rfind(':'));
}

}  // namespace

bool IsUnixSocket(std::string_view listen_address) { return listen_address.starts_with("unix:"); }

bool IsLoopback(std::string_view listen_address) {
  if (IsUnixSocket(listen_address)) return true;
  const std::string_view host = HostOf(listen_address);
  // A name such as "127.example.org" is none of ours.
  const bool is_ipv4 = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return host == "localhost" || host == "[::1]" || host == "::1" ||
         (is_ipv4 && host.starts_with("127."));
}

std::string WithPort(std::string_view listen_address, int port) {
  if (IsUnixSocket(listen_address)) return std::string(listen_address);
  return absl::StrCat(ToAbsl(HostOf(listen_address)), ":", port);
}

}  // namespace atestore
