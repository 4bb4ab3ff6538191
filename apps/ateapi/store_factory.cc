#include "apps/ateapi/store_factory.h"

#include <random>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "apps/ateapi/demo_actors.h"
#include "apps/ateapi/log.h"
#include "apps/ateapi/metered_transport.h"
#include "apps/ateapi/rate_limit.h"
#include "apps/ateapi/token_keys.h"
#include "apps/ateapi/tracing/traced_transport.h"
#include "core/status.h"
#include "store/embedded/embedded_transport.h"
#include "store/redis/files.h"
#include "store/redis/redis_transport.h"

namespace atestore {
namespace {

// A cluster full of foreign values would otherwise fill the log at the speed of the listing.
constexpr int kUnreadableLinesPerSecond = 10;

// Another one in every process.
uint64_t JitterSeed() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

absl::StatusOr<RedisOptions> RedisOptionsOf(const Flags& flags) {
  RedisOptions options;
  options.jitter_seed = JitterSeed();
  if (!flags.redis_password_file.empty()) {
    absl::StatusOr<std::unique_ptr<PasswordFile>> file =
        PasswordFile::Open(flags.redis_password_file, LogReload("--redis-password-file"));
    if (!file.ok()) return AtFlag("--redis-password-file", file.status());
    options.credentials_source = [username = flags.redis_username,
                                  file = std::shared_ptr<PasswordFile>(*std::move(file))] {
      return RedisCredentials{.username = username, .password = file->Password()};
    };
  }
  if (!flags.redis_ca_certs.empty() || !flags.redis_client_cert.empty() ||
      !flags.redis_tls_server_name.empty()) {
    options.tls = RedisTlsOptions{.ca_file = flags.redis_ca_certs,
                                  .client_cert_file = flags.redis_client_cert,
                                  .server_name = flags.redis_tls_server_name,
                                  .on_reload = LogReload("--redis-ca-certs, --redis-client-cert")};
  }
  return options;
}

absl::StatusOr<StoreOptions> StoreOptionsOf(const Flags& flags, Metrics& metrics) {
  StoreOptions options;
  options.jitter_seed = JitterSeed();
  options.on_retry = [&metrics] { metrics.CountRetry(); };
  if (!flags.page_token_key_file.empty()) {
    constexpr std::string_view kFlag = "--page-token-key-file";
    const absl::StatusOr<std::string> text = ReadFile(flags.page_token_key_file);
    if (!text.ok()) return AtFlag(kFlag, text.status());
    absl::StatusOr<std::vector<PageTokenKey>> keys = ParseTokenKeys(*text);
    if (!keys.ok()) {
      return AtFlag(kFlag, absl::InvalidArgumentError(absl::StrCat(flags.page_token_key_file, ": ",
                                                                   keys.status().message())));
    }
    options.page_token_keys = *std::move(keys);
  }
  auto limit = std::make_shared<RateLimit>(kUnreadableLinesPerSecond);
  options.on_unreadable_record = [limit](std::string_view key, const absl::Status& why) {
    if (!limit->Allows()) return;
    LogLine(LogLevel::kWarning, "unreadable_record")
        .Add("key", key)
        .Add("why", ToStd(why.message()))
        .Add("lines_suppressed", limit->TakeRefused());
  };
  options.on_foreign_node = [&metrics, limit](const Endpoint& node) {
    metrics.CountForeignNode();
    if (!limit->Allows()) return;
    LogLine(LogLevel::kWarning, "foreign_node")
        .Add("node", ToString(node))
        .Add("message", "it belongs to another cluster; refused");
  };
  return options;
}

// With metrics, limits and spans.
std::unique_ptr<ShardTransport> Watched(std::unique_ptr<ShardTransport> transport, Metrics& metrics,
                                        NodeBulkhead& nodes) {
  return std::make_unique<TracedTransport>(
      std::make_unique<MeteredTransport>(std::move(transport), metrics, nodes));
}

absl::StatusOr<std::unique_ptr<ActorStore>> EmbeddedStore(const Flags& flags, Metrics& metrics,
                                                          NodeBulkhead& nodes,
                                                          StoreOptions options) {
  const std::shared_ptr<EmbeddedCluster> cluster = MakeDemoCluster(flags.demo_actors);
  options.seeds = cluster->Endpoints();
  return ActorStore::Open(Watched(std::make_unique<EmbeddedTransport>(cluster), metrics, nodes),
                          options);
}

}  // namespace

absl::StatusOr<std::unique_ptr<ActorStore>> MakeStore(const Flags& flags, Metrics& metrics,
                                                      NodeBulkhead& nodes) {
  absl::StatusOr<StoreOptions> options = StoreOptionsOf(flags, metrics);
  if (!options.ok()) return options.status();
  if (flags.redis_cluster_address.empty()) {
    return EmbeddedStore(flags, metrics, nodes, *std::move(options));
  }
  options->seeds = flags.redis_cluster_address;
  const absl::StatusOr<RedisOptions> redis = RedisOptionsOf(flags);
  if (!redis.ok()) return redis.status();
  absl::StatusOr<std::unique_ptr<RedisTransport>> transport = RedisTransport::Create(*redis);
  if (!transport.ok()) return transport.status();
  return ActorStore::Open(Watched(*std::move(transport), metrics, nodes), *options);
}

}  // namespace atestore
