#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "store/redis/event_loop.h"
#include "store/redis/files.h"
#include "store/redis/name_resolver.h"

namespace asio {
class io_context;
namespace ssl {
class context;
}  // namespace ssl
}  // namespace asio

namespace atestore::inline v0 {

// How TLS streams are made. Belongs to the loop's thread once it is made.
class TlsContext {
 public:
  // FAILED_PRECONDITION names the file that cannot be used.
  static absl::StatusOr<std::unique_ptr<TlsContext>> Make(const RedisTlsOptions& options);

  // For a new stream, which keeps it: made again when a file has changed since the last call.
  std::shared_ptr<asio::ssl::context> Current();
  const RedisTlsOptions& options() const { return options_; }

 private:
  explicit TlsContext(const RedisTlsOptions& options);
  absl::Status Load();

  const RedisTlsOptions options_;
  FileWatch ca_watch_;
  FileWatch client_watch_;
  std::shared_ptr<asio::ssl::context> context_;
};

// `resolver` and `tls` must outlive the stream.
std::unique_ptr<ByteStream> MakePlainStream(asio::io_context& io, NameResolver& resolver);
std::unique_ptr<ByteStream> MakeTlsStream(asio::io_context& io, NameResolver& resolver,
                                          TlsContext& tls);

}  // namespace atestore::inline v0
