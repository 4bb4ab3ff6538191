// How RealCluster comes into being: ports, files, processes, and the commands that form a cluster.
#include <cstdlib>
#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/status.h"
#include "tests/support/real_cluster.h"

namespace atestore {
namespace {

constexpr absl::Duration kAnswerLimit = absl::Seconds(30);
constexpr int kStartAttempts = 3;
constexpr size_t kEndBytes = 600;

// The last lines of a server's output.
std::string EndOf(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string text((std::istreambuf_iterator<char>(file)), {});
  return text.size() > kEndBytes ? "…" + text.substr(text.size() - kEndBytes) : text;
}

// Where scripts/valkey-unstable puts its programs.
std::optional<std::string> FindUnstable(std::string_view program) {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  std::filesystem::path root;
  if (cache != nullptr && *cache != '\0') {
    root = cache;
  } else if (home != nullptr) {
    root = std::filesystem::path(home) / ".cache";
  }
  std::filesystem::path found = root / "atestore" / "valkey-unstable" / "bin" / program;
  if (!std::filesystem::exists(found)) return std::nullopt;
  return found.string();
}

}  // namespace

std::vector<ServerKind> AllServerKinds() {
  return {ServerKind::kRedis, ServerKind::kValkey, ServerKind::kValkey91};
}

std::string_view ToString(ServerKind kind) {
  switch (kind) {
    case ServerKind::kRedis:
      return "redis-server";
    case ServerKind::kValkey:
      return "valkey-server";
    case ServerKind::kValkey91:
      return "valkey 9.1";
  }
  return "";
}

std::optional<std::string> FindServer(ServerKind kind) {
  if (kind == ServerKind::kValkey91) return FindUnstable("valkey-server");
  return FindProgram(ToString(kind));
}

std::optional<std::string> FindServerCli(ServerKind kind) {
  if (kind == ServerKind::kValkey91) return FindUnstable("valkey-cli");
  return FindProgram(kind == ServerKind::kRedis ? "redis-cli" : "valkey-cli");
}

absl::StatusOr<std::unique_ptr<RealCluster>> RealCluster::Start(RealClusterOptions options) {
  std::unique_ptr<RealCluster> cluster(new RealCluster(std::move(options)));
  absl::Status created = cluster->Create();
  if (!created.ok()) return created;
  return cluster;
}

RealCluster::~RealCluster() {
  for (std::unique_ptr<Node>& node : nodes_) node->process.Kill();
}

Endpoint RealCluster::endpoint(size_t node) const {
  const Node& entry = *nodes_[node];
  return {"127.0.0.1", entry.tls ? entry.tls->port() : entry.port};
}

std::vector<Endpoint> RealCluster::endpoints() const {
  std::vector<Endpoint> all;
  for (size_t node = 0; node < nodes_.size(); ++node) all.push_back(endpoint(node));
  return all;
}

absl::Status RealCluster::Create() {
  std::optional<std::string> server = FindServer(options_.kind);
  if (!server) return FailedPreconditionError("the server is not installed");
  server_ = *server;
  if (options_.tls) {
    absl::StatusOr<TlsFiles> files = MakeTlsFiles(directory_.path());
    if (!files.ok()) return files.status();
    tls_files_ = std::move(*files);
  }
  if (options_.bus_relay) {
    absl::StatusOr<std::unique_ptr<BusRelay>> relay = BusRelay::Start();
    if (!relay.ok()) return relay.status();
    relay_ = std::move(*relay);
  }
  size_t count = options_.primaries * (1 + options_.replicas);
  for (size_t node = 0; node < count; ++node) {
    if (absl::Status status = StartNode(); !status.ok()) return status;
  }
  return FormCluster();
}

absl::Status RealCluster::FormCluster() {
  size_t primaries = options_.primaries;
  for (size_t node = 0; node < primaries; ++node) {
    std::string first = std::to_string(node * kSlotCount / primaries);
    std::string last = std::to_string((node + 1) * kSlotCount / primaries - 1);
    absl::Status status = RunAll(node, {{"CLUSTER", "ADDSLOTSRANGE", first, last},
                                        {"CLUSTER", "SET-CONFIG-EPOCH", std::to_string(node + 1)}})
                              .status();
    if (!status.ok()) return status;
  }
  // Everybody meets everybody: gossip alone takes seconds.
  for (size_t to = 1; to < nodes_.size(); ++to) {
    for (size_t from = 0; from < to; ++from) {
      if (absl::Status status = Run(from, MeetCommand(to)).status(); !status.ok()) return status;
    }
  }
  for (size_t node = primaries; node < nodes_.size(); ++node) {
    const std::string& primary = id((node - primaries) / options_.replicas);
    // Refused until the replica knows its primary.
    absl::Status status;
    Poll(kAnswerLimit, [&] {
      status = Run(node, {"CLUSTER", "REPLICATE", primary}).status();
      return status.ok();
    });
    if (!status.ok()) return status;
  }
  return WaitUntilSettled();
}

HiredisClient::Command RealCluster::MeetCommand(size_t node) const {
  return {"CLUSTER", "MEET", "127.0.0.1", std::to_string(endpoint(node).port),
          std::to_string(nodes_[node]->announced_bus)};
}

absl::StatusOr<size_t> RealCluster::AddNode() {
  absl::StatusOr<size_t> added = AddStranger();
  if (!added.ok()) return added.status();
  for (size_t node = 0; node < *added; ++node) {
    if (!running(node) || !is_member(node)) continue;
    if (absl::Status status = Run(node, MeetCommand(*added)).status(); !status.ok()) return status;
  }
  SetMember(*added, true);
  if (absl::Status status = WaitUntilSettled(); !status.ok()) return status;
  return added;
}

absl::StatusOr<size_t> RealCluster::AddStranger() {
  if (absl::Status status = StartNode(); !status.ok()) return status;
  SetMember(nodes_.size() - 1, false);
  return nodes_.size() - 1;
}

absl::Status RealCluster::StartNode() {
  absl::Status status;
  // Somebody without a lease may take a port between the check and the server's bind.
  for (int attempt = 0; attempt < kStartAttempts; ++attempt) {
    absl::StatusOr<PortLease> plain = PortLease::Take();
    if (!plain.ok()) return plain.status();
    absl::StatusOr<PortLease> bus = PortLease::Take();
    if (!bus.ok()) return bus.status();
    nodes_.push_back(std::make_unique<Node>(std::move(*plain), std::move(*bus)));
    Node& node = *nodes_.back();
    node.port = node.plain.port();
    node.announced_bus = node.bus.port();
    if (relay_ != nullptr) {
      absl::StatusOr<uint16_t> announced = relay_->AddNode(node.bus.port());
      if (!announced.ok()) return announced.status();
      node.announced_bus = *announced;
    }
    if (options_.tls) {
      absl::StatusOr<PortLease> tls = PortLease::Take();
      if (!tls.ok()) return tls.status();
      node.tls.emplace(std::move(*tls));
    }
    node.directory = directory_.path() / absl::StrCat("node-", node.plain.port());
    std::filesystem::create_directory(node.directory);
    status = WriteConfig(node);
    if (status.ok()) status = Launch(nodes_.size() - 1);
    if (status.ok()) status = LearnId(nodes_.size() - 1);
    if (status.ok()) return status;
    nodes_.pop_back();
    if (relay_ != nullptr) relay_->RemoveLastNode();
  }
  return status;
}

absl::Status RealCluster::LearnId(size_t node) {
  absl::StatusOr<HiredisReply> id = Run(node, {"CLUSTER", "MYID"});
  if (!id.ok()) return id.status();
  SetId(node, id->text);
  return absl::OkStatus();
}

void RealCluster::SetId(size_t node, const std::string& id) {
  nodes_[node]->id = id;
  if (relay_ != nullptr) relay_->SetId(node, id);
}

absl::Status RealCluster::WriteConfig(const Node& node) const {
  std::ofstream file(node.directory / "redis.conf");
  file << "port " << node.plain.port() << "\ncluster-port " << node.bus.port()
       << "\nbind 127.0.0.1\ncluster-announce-bus-port " << node.announced_bus
       << "\ncluster-announce-ip 127.0.0.1\ndir " << node.directory.string()
       << "\ncluster-enabled yes\ncluster-config-file nodes.conf\ncluster-node-timeout "
       << absl::ToInt64Milliseconds(options_.node_timeout)
       // A replica must be ready at once, and stay what and where the test put it.
       << "\nrepl-diskless-sync yes\nrepl-diskless-sync-delay 0\ncluster-replica-validity-factor 0"
       << "\ncluster-allow-replica-migration no\nsave \"\"\nlogfile server.log\n"
       << "enable-debug-command local\nappendonly " << (options_.persistent ? "yes" : "no")
       << "\nappendfsync no\nauto-aof-rewrite-percentage 0\n";
  if (options_.tls) {
    file << "tls-port " << node.tls->port() << "\ntls-cert-file "
         << tls_files_->server_certificate.string() << "\ntls-key-file "
         << tls_files_->server_key.string() << "\ntls-ca-cert-file " << tls_files_->ca.string()
         << "\ntls-cluster yes\ntls-replication yes\ntls-auth-clients "
         << (options_.tls_client_certificates ? "yes" : "no") << "\n";
  }
  if (!options_.password.empty()) {
    file << "requirepass " << options_.password << "\nmasterauth " << options_.password << "\n";
  }
  for (const std::string& user : options_.users) file << "user " << user << "\n";
  for (const std::string& line : options_.config_lines) file << line << "\n";
  file.close();
  return file ? absl::OkStatus() : absl::InternalError("cannot write redis.conf");
}

absl::Status RealCluster::LaunchAt(size_t node, uint16_t port) {
  nodes_[node]->port = port;
  return Launch(node);
}

absl::Status RealCluster::Launch(size_t node) {
  Node& entry = *nodes_[node];
  entry.client.reset();
  absl::Status status = entry.process.Start(
      {server_, (entry.directory / "redis.conf").string(), "--port", std::to_string(entry.port)},
      entry.directory / "output");
  if (!status.ok()) return status;
  bool answers = Poll(kAnswerLimit, [&] {
    status = Run(node, {"PING"}).status();
    bool loading = status.message().find("LOADING") != absl::string_view::npos;
    return status.ok() || loading || !entry.process.running();
  });
  if (!entry.process.running()) {
    return absl::InternalError(
        absl::StrCat("the server ended at its start: ", EndOf(entry.directory / "server.log")));
  }
  return answers ? absl::OkStatus() : status;
}

}  // namespace atestore
