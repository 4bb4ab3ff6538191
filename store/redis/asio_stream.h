#pragma once

#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "store/redis/event_loop.h"

namespace asio {
class io_context;
namespace ssl {
class context;
}  // namespace ssl
}  // namespace asio

namespace atestore {

// How TLS streams are made.
class TlsContext {
 public:
  // FAILED_PRECONDITION names the file that cannot be used.
  static absl::StatusOr<std::unique_ptr<TlsContext>> Make(const RedisTlsOptions& options);
  ~TlsContext();
  asio::ssl::context& context() { return *context_; }
  const RedisTlsOptions& options() const { return options_; }

 private:
  explicit TlsContext(const RedisTlsOptions& options);
  absl::Status Load();

  const RedisTlsOptions options_;
  std::unique_ptr<asio::ssl::context> context_;
};

std::unique_ptr<ByteStream> MakePlainStream(asio::io_context& io);
// `tls` must outlive the stream.
std::unique_ptr<ByteStream> MakeTlsStream(asio::io_context& io, TlsContext& tls);

}  // namespace atestore
