#include "store/redis/asio_stream.h"

#include <array>
#include <asio.hpp>
#include <asio/ssl.hpp>

#include "absl/strings/str_cat.h"
#include "core/status.h"

namespace atestore::inline v0 {
namespace {

using asio::ip::tcp;

// TLS alerts and refused certificates; an end of the stream without a close_notify is not one.
bool IsTlsRefusal(const asio::error_code& error) {
  return error.category() == asio::error::get_ssl_category();
}

absl::Status ToStatus(std::string_view what, const asio::error_code& error) {
  std::string message = absl::StrCat(ToAbsl(what), ": ", error.message());
  if (IsTlsRefusal(error)) return FailedPreconditionError(absl::StrCat("TLS: ", message));
  return UnavailableError(message);
}

// What both kinds of stream share; `Stream` is the socket or the TLS stream around it.
template <typename Stream>
class AsioStream : public ByteStream {
 public:
  template <typename... Arguments>
  AsioStream(asio::io_context& io, NameResolver& resolver, Arguments&&... arguments)
      : resolver_(resolver), stream_(io, std::forward<Arguments>(arguments)...) {}

  void Connect(const Endpoint& endpoint, std::function<void(absl::Status)> done) override {
    host_ = endpoint.host;
    asio::error_code not_an_address;
    asio::ip::address address = asio::ip::make_address(host_, not_an_address);
    if (!not_an_address) {
      std::array<tcp::endpoint, 1> only{tcp::endpoint(address, endpoint.port)};
      ConnectTo(only, std::move(done));
      return;
    }
    resolver_.Resolve(host_, [this, port = endpoint.port,
                              done = std::move(done)](const absl::StatusOr<Addresses>& found) {
      if (is_closed_) return;
      if (!found.ok()) return done(found.status());
      std::vector<tcp::endpoint> endpoints;
      for (const std::string& text : *found) {
        asio::error_code bad;
        const asio::ip::address one = asio::ip::make_address(text, bad);
        if (!bad) endpoints.emplace_back(one, port);
      }
      ConnectTo(endpoints, done);
    });
  }

  void Read(std::span<char> buffer, std::function<void(absl::StatusOr<size_t>)> done) override {
    stream_.async_read_some(
        asio::buffer(buffer.data(), buffer.size()),
        [done = std::move(done)](const asio::error_code& error, size_t bytes) {
          if (error == asio::error::eof || error == asio::ssl::error::stream_truncated) {
            return done(UnavailableError("the server closed the connection"));
          }
          if (error) return done(ToStatus("read", error));
          done(bytes);
        });
  }

  void Write(std::string_view bytes, std::function<void(absl::Status)> done) override {
    asio::async_write(stream_, asio::buffer(bytes.data(), bytes.size()),
                      [done = std::move(done)](const asio::error_code& error, size_t) {
                        done(error ? ToStatus("write", error) : absl::OkStatus());
                      });
  }

  void Close() override {
    asio::error_code ignored;
    is_closed_ = true;
    stream_.lowest_layer().close(ignored);
  }

 protected:
  virtual void OnConnected(std::function<void(absl::Status)> done) = 0;
  const std::string& host() const { return host_; }
  Stream& stream() { return stream_; }

 private:
  template <typename Endpoints>
  void ConnectTo(const Endpoints& endpoints, std::function<void(absl::Status)> done) {
    asio::async_connect(
        stream_.lowest_layer(), endpoints,
        [this, done = std::move(done)](const asio::error_code& error, const auto&) mutable {
          if (error) return done(ToStatus("cannot connect", error));
          asio::error_code ignored;
          stream_.lowest_layer().set_option(tcp::no_delay(true), ignored);
          stream_.lowest_layer().set_option(asio::socket_base::keep_alive(true), ignored);
          OnConnected(std::move(done));
        });
  }

  std::string host_;
  NameResolver& resolver_;
  bool is_closed_ = false;
  Stream stream_;
};

class PlainStream final : public AsioStream<tcp::socket> {
 public:
  using AsioStream::AsioStream;

 private:
  void OnConnected(std::function<void(absl::Status)> done) override { done(absl::OkStatus()); }
};

class TlsStream final : public AsioStream<asio::ssl::stream<tcp::socket>> {
 public:
  TlsStream(asio::io_context& io, NameResolver& resolver,
            const std::shared_ptr<asio::ssl::context>& context, const std::string& server_name)
      : AsioStream(io, resolver, *context), context_(context), server_name_(server_name) {}

 private:
  void OnConnected(std::function<void(absl::Status)> done) override {
    const std::string& name = server_name_.empty() ? host() : server_name_;
    asio::error_code not_an_address;
    asio::ip::make_address(name, not_an_address);
    // RFC 6066: addresses are not sent as server names.
    if (not_an_address) SSL_set_tlsext_host_name(stream().native_handle(), name.c_str());
    stream().set_verify_callback(asio::ssl::host_name_verification(name));
    stream().async_handshake(asio::ssl::stream_base::client,
                             [done = std::move(done)](const asio::error_code& error) {
                               done(error ? ToStatus("handshake", error) : absl::OkStatus());
                             });
  }

  const std::shared_ptr<asio::ssl::context> context_;
  const std::string server_name_;
};

}  // namespace

TlsContext::TlsContext(const RedisTlsOptions& options)
    : options_(options), ca_watch_(options.ca_file), client_watch_(options.client_cert_file) {}

absl::StatusOr<std::unique_ptr<TlsContext>> TlsContext::Make(const RedisTlsOptions& options) {
  std::unique_ptr<TlsContext> tls(new TlsContext(options));
  absl::Status loaded = tls->Load();
  if (!loaded.ok()) return loaded;
  return tls;
}

std::shared_ptr<asio::ssl::context> TlsContext::Current() {
  const bool ca_changed = ca_watch_.Changed();
  if (client_watch_.Changed() || ca_changed) {
    const absl::Status loaded = Load();
    if (options_.on_reload) options_.on_reload(loaded);
  }
  return context_;
}

absl::Status TlsContext::Load() {
  // OpenSSL itself would read /dev/zero for ever.
  for (const std::string& file :
       {options_.ca_file, options_.client_cert_file, options_.client_key_file}) {
    if (file.empty()) continue;
    const absl::Status read = ReadFile(file).status();
    if (absl::IsInvalidArgument(read)) return FailedPreconditionError(read.message());
  }
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  context->set_verify_mode(asio::ssl::verify_peer);
  asio::error_code error;
  if (options_.ca_file.empty()) {
    context->set_default_verify_paths(error);
  } else {
    context->load_verify_file(options_.ca_file, error);
  }
  if (error) {
    return FailedPreconditionError(
        absl::StrCat("certificate authorities: ", options_.ca_file, ": ", error.message()));
  }
  const std::string& client = options_.client_cert_file;
  if (!client.empty()) context->use_certificate_chain_file(client, error);
  if (!client.empty() && !error) {
    const std::string& key = options_.client_key_file;
    context->use_private_key_file(key.empty() ? client : key, asio::ssl::context::pem, error);
  }
  if (error) {
    return FailedPreconditionError(
        absl::StrCat("client certificate and key: ", client, ": ", error.message()));
  }
  context_ = std::move(context);
  return absl::OkStatus();
}

std::unique_ptr<ByteStream> MakePlainStream(asio::io_context& io, NameResolver& resolver) {
  return std::make_unique<PlainStream>(io, resolver);
}

std::unique_ptr<ByteStream> MakeTlsStream(asio::io_context& io, NameResolver& resolver,
                                          TlsContext& tls) {
  return std::make_unique<TlsStream>(io, resolver, tls.Current(), tls.options().server_name);
}

}  // namespace atestore::inline v0
