#include "apps/mockcluster/flags.h"

#include <CLI/CLI.hpp>
#include <map>
#include <string>

#include "apps/cli/print_text.h"
#include "apps/cli/whole_number.h"

namespace mockcluster {
namespace {

using atestore::WholeNumber;

constexpr uint16_t kBusPortOffset = 10000;
constexpr uint16_t kPortMax = 65535 - kBusPortOffset;

struct RawFlags {
  Flags flags;
  Layout layout = Layout::kPerSlot;
  std::string bind_address;
  std::string http_address;
  uint16_t announced_port = 0;
  TlsServerOptions tls;
  uint64_t synthetic_actors = 0;
  int64_t node_timeout_ms = 0;
  bool frozen_time = false;
};

void DefineCluster(CLI::App& app, RawFlags& raw) {
  const std::map<std::string, Flavor> flavors = {{"redis-7.0", Flavor::kRedis70},
                                                 {"valkey-8.0", Flavor::kValkey80},
                                                 {"valkey-9.1", Flavor::kValkey91}};
  const std::map<std::string, Layout> layouts = {{"per-slot", Layout::kPerSlot},
                                                 {"single", Layout::kSingleTable}};
  ClusterOptions& cluster = raw.flags.cluster;
  app.add_option("--primaries", cluster.primaries, "primaries; the slots are spread over them")
      ->transform(WholeNumber(1, 1000))
      ->capture_default_str();
  app.add_option("--replicas", cluster.replicas_per_primary, "replicas of each primary")
      ->transform(WholeNumber(0, 10))
      ->capture_default_str();
  app.add_option("--flavor", cluster.flavor, "the server to emulate")
      ->transform(CLI::CheckedTransformer(flavors))
      ->default_str("valkey-8.0");
  app.add_option("--layout", raw.layout, "one hash table per slot, or one per node")
      ->transform(CLI::CheckedTransformer(layouts))
      ->default_str("the flavor's");
  app.add_option("--seed", cluster.seed, "seed of ids, hash seeds and faults")
      ->capture_default_str();
  app.add_option("--node-timeout-ms", raw.node_timeout_ms,
                 "how long a node must be out of reach until the others take it for failed; half a "
                 "second later a replica takes over. 0: at once, and nobody takes over")
      ->transform(WholeNumber(0, 3'600'000))
      ->default_str("2000, with --frozen-time 0");
  app.add_option("--gossip-delay-ms", cluster.gossip_delay_ms,
                 "how long after an event all nodes learn of it")
      ->transform(WholeNumber(0, 3'600'000))
      ->capture_default_str();
  app.add_option("--password", cluster.password, "required of clients, as user default");
  app.add_option("--faults-per-1000", raw.flags.faults_per_1000_commands,
                 "topology events and dropped connections between commands, none of them lossy")
      ->transform(WholeNumber(0, 1000))
      ->capture_default_str();
}

void DefineServing(CLI::App& app, RawFlags& raw) {
  app.add_option("--port", raw.flags.cluster.base_port, "port of the first node; the others follow")
      ->transform(WholeNumber(1, kPortMax))
      ->capture_default_str();
  app.add_option("--host", raw.flags.cluster.host, "the address that the nodes announce")
      ->capture_default_str();
  app.add_option("--bind", raw.bind_address, "the IP address to listen on, if it differs");
  app.add_option(
         "--announce-port-base", raw.announced_port,
         "the port that the first node announces, if a container or a proxy maps the ports; "
         "MOCK commands name nodes by these")
      ->transform(WholeNumber(1, kPortMax));
  app.add_option("--http-listen-addr", raw.http_address,
                 "host:port of the HTTP API for faults (POST /action, GET /nodes …); port 0: any")
      ->check(CLI::Validator(
          [](const std::string& text) {
            absl::StatusOr<atestore::Endpoint> parsed = atestore::ParseListenEndpoint(text);
            return parsed.ok() ? std::string() : std::string(parsed.status().message());
          },
          "HOST:PORT"));
  CLI::Option* certificate =
      app.add_option("--tls-cert-file", raw.tls.cert_file, "PEM; clients must then use TLS");
  CLI::Option* key = app.add_option("--tls-key-file", raw.tls.key_file, "its key");
  certificate->needs(key);
  key->needs(certificate);
  app.add_option("--tls-ca-cert-file", raw.tls.ca_cert_file,
                 "clients must present a certificate of this authority")
      ->needs(certificate);
  app.add_flag("--frozen-time", raw.frozen_time,
               "time starts in 2023 and advances only by MOCK TIME, so that a run can be repeated "
               "exactly");
}

void DefineData(CLI::App& app, RawFlags& raw) {
  auto* demo = app.add_option("--demo-actors", raw.flags.demo_actors, "initial actors")
                   ->transform(WholeNumber(0, 10'000'000));
  app.add_option("--synthetic-actors", raw.synthetic_actors,
                 "initial actors that are computed, not stored: a billion take no memory")
      ->transform(WholeNumber(0, 1'000'000'000'000))
      ->excludes(demo);
  app.add_option("--atespaces", raw.flags.atespaces, "atespaces to spread those actors over")
      ->transform(WholeNumber(1, 1'000'000))
      ->capture_default_str();
}

}  // namespace

std::variant<Flags, int> ParseFlags(int argc, char** argv) {
  CLI::App app(
      "A Redis Cluster in one process, for tests: every node on a port of its own, faults on "
      "command (redis-cli -p PORT MOCK HELP).",
      "mockcluster");
  app.set_version_flag("--version", "mockcluster " ATESTORE_VERSION);
  RawFlags raw;
  DefineCluster(app, raw);
  DefineServing(app, raw);
  DefineData(app, raw);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return atestore::cli::ExitAfter(app, error);
  }
  Flags& flags = raw.flags;
  if (app.count("--layout") > 0) flags.cluster.layout = raw.layout;
  if (!raw.bind_address.empty()) flags.front.bind_address = raw.bind_address;
  if (raw.announced_port != 0) {
    flags.front.port_shift = flags.cluster.base_port - raw.announced_port;
    flags.cluster.base_port = raw.announced_port;
  }
  if (!raw.http_address.empty()) flags.http = *atestore::ParseListenEndpoint(raw.http_address);
  if (!raw.tls.cert_file.empty()) {
    flags.front.tls = raw.tls;
    flags.cluster.tls = true;
  }
  if (raw.synthetic_actors > 0) {
    flags.cluster.synthetic =
        SyntheticActors{.actors = raw.synthetic_actors, .atespaces = flags.atespaces};
  }
  flags.front.real_time = !raw.frozen_time;
  constexpr int64_t kNodeTimeoutMs = 2000;
  flags.cluster.node_timeout_ms =
      app.count("--node-timeout-ms") > 0 || raw.frozen_time ? raw.node_timeout_ms : kNodeTimeoutMs;
  flags.front.stop_on_signals = true;
  return flags;
}

}  // namespace mockcluster
