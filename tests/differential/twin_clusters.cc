#include "tests/differential/twin_clusters.h"

#include <sstream>

#include <gtest/gtest.h>

#include "absl/strings/ascii.h"
#include "core/status.h"

namespace atestore {
namespace {

// Five digits, as the ports of the fixture, so that texts have equal lengths.
constexpr uint16_t kMockPort = 20000;

std::vector<std::string> Words(std::string_view line) {
  std::istringstream stream{std::string(line)};
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

// Whole words only: the digits of a port may also stand inside an id or a cursor.
void ReplaceWord(std::string& text, std::string_view from, std::string_view to) {
  auto ends_here = [&text](size_t at) {
    return at >= text.size() || !absl::ascii_isalnum(text[at]);
  };
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + 1)) {
    if ((at != 0 && !ends_here(at - 1)) || !ends_here(at + from.size())) continue;
    text.replace(at, from.size(), to);
  }
}

// In a line of CLUSTER NODES: ping sent, pong received and config epoch.
void MaskNodeTimes(std::string& reply) {
  if (reply.find("connected") == std::string::npos) return;
  // The length of the text depends on them too.
  for (std::string_view marker : {"$", "="}) {
    for (size_t at = reply.find(marker); at != std::string::npos; at = reply.find(marker, at + 1)) {
      size_t end = reply.find_first_not_of("0123456789", at + 1);
      if (end != std::string::npos && reply[end] == '\r') reply.replace(at + 1, end - at - 1, "-");
    }
  }
  for (std::string_view link : {" connected", " disconnected"}) {
    for (size_t at = reply.find(link); at != std::string::npos; at = reply.find(link, at + 1)) {
      size_t begin = at;
      for (int field = 0; field < 3 && begin != 0; ++field) begin = reply.rfind(' ', begin - 1);
      reply.replace(begin, at - begin, " - - -");
      at = begin + 6;
    }
  }
}

// The cluster bus listens wherever the fixture found a free port.
void MaskBusPorts(std::string& reply) {
  for (size_t at = reply.find('@'); at != std::string::npos; at = reply.find('@', at + 1)) {
    size_t end = reply.find_first_not_of("0123456789", at + 1);
    if (end != std::string::npos && end > at + 1) reply.replace(at + 1, end - at - 1, "-");
  }
}

// The connection's number in HELLO.
void MaskClientId(std::string& reply) {
  constexpr std::string_view kField = "$2\r\nid\r\n:";
  size_t at = reply.find(kField);
  if (at == std::string::npos) return;
  size_t begin = at + kField.size();
  reply.replace(begin, reply.find('\r', begin) - begin, "-");
}

mockcluster::Flavor FlavorOf(ServerKind kind) {
  switch (kind) {
    case ServerKind::kRedis:
      return mockcluster::Flavor::kRedis70;
    case ServerKind::kValkey:
      return mockcluster::Flavor::kValkey80;
    case ServerKind::kValkey91:
      return mockcluster::Flavor::kValkey91;
  }
  return mockcluster::Flavor::kRedis70;
}

}  // namespace

absl::StatusOr<std::unique_ptr<TwinClusters>> TwinClusters::Start(ServerKind kind) {
  RealClusterOptions options{.kind = kind, .primaries = 2, .replicas = 1, .bus_relay = true};
  options.config_lines = {"repl-ping-replica-period 1"};
  // No node is taken for failed because the machine is slow, or because it was made deaf.
  options.node_timeout = absl::Seconds(15);
  absl::StatusOr<std::unique_ptr<RealCluster>> real = RealCluster::Start(std::move(options));
  if (!real.ok()) return real.status();
  std::unique_ptr<TwinClusters> twins(new TwinClusters);
  twins->real_ = *std::move(real);
  twins->mock_ = std::make_unique<mockcluster::Cluster>(mockcluster::ClusterOptions{
      .primaries = 2, .replicas_per_primary = 1, .flavor = FlavorOf(kind), .base_port = kMockPort});
  if (absl::Status named = twins->NameShards(kind); !named.ok()) return named;
  for (size_t node = 0; node < kNodes; ++node) {
    const std::string number = std::to_string(node);
    mockcluster::NodeInfo mock = twins->mock_->Node(static_cast<mockcluster::NodeIndex>(node));
    const uint16_t real_port = twins->real_->endpoint(node).port;
    twins->real_names_.emplace_back(std::to_string(real_port), "$port" + number);
    twins->mock_names_.emplace_back(std::to_string(mock.endpoint.port), "$port" + number);
    twins->real_names_.emplace_back(twins->real_->id(node), "$id" + number);
    twins->mock_names_.emplace_back(mock.id, "$id" + number);
  }
  if (absl::Status seen = twins->WaitUntilReplicasAreSeen(); !seen.ok()) return seen;
  return twins;
}

absl::Status TwinClusters::WaitUntilReplicasAreSeen() {
  // A range of CLUSTER SLOTS: its first and last slot, and the nodes that serve it.
  auto sees_all = [this](size_t node) {
    absl::StatusOr<HiredisReply> slots = real_->Run(node, {"CLUSTER", "SLOTS"});
    size_t seen = 0;
    if (slots.ok()) {
      for (const HiredisReply& range : slots->elements) seen += range.elements.size() - 2;
    }
    return seen == kNodes;
  };
  for (size_t node = 0; node < kNodes; ++node) {
    if (!Poll(absl::Seconds(60), [&] { return sees_all(node); })) {
      return UnavailableError("node " + std::to_string(node) + " does not see all nodes");
    }
  }
  return absl::OkStatus();
}

absl::Status TwinClusters::NameShards(ServerKind kind) {
  // Redis 7.0 has shard ids, but tells nobody.
  if (kind == ServerKind::kRedis) return absl::OkStatus();
  for (size_t primary = 0; primary < 2; ++primary) {
    absl::StatusOr<std::unique_ptr<Connection>> connection = Connect(primary);
    if (!connection.ok()) return connection.status();
    absl::StatusOr<Replies> ids = (*connection)->Execute("CLUSTER MYSHARDID");
    if (!ids.ok()) return ids.status();
    // "$40", the id, and nothing, between line ends.
    constexpr size_t kBegin = 5;
    constexpr size_t kDigits = 40;
    const std::string name = "$shard" + std::to_string(primary);
    for (auto [reply, names] : {std::pair(&ids->real, &real_names_), {&ids->mock, &mock_names_}}) {
      if (!reply->starts_with("$40\r\n")) return FailedPreconditionError("no shard id: " + *reply);
      names->emplace_back(reply->substr(kBegin, kDigits), name);
    }
  }
  return absl::OkStatus();
}

std::string TwinClusters::Fill(std::string_view word, bool real) const {
  for (const auto& [value, name] : real ? real_names_ : mock_names_) {
    if (word == name) return value;
  }
  return std::string(word);
}

std::string TwinClusters::Normalize(std::string reply, bool real) const {
  for (const auto& [value, name] : real ? real_names_ : mock_names_) {
    ReplaceWord(reply, value, name);
  }
  MaskBusPorts(reply);
  MaskNodeTimes(reply);
  MaskClientId(reply);
  return reply;
}

absl::StatusOr<std::unique_ptr<TwinClusters::Connection>> TwinClusters::Connect(size_t node) {
  absl::StatusOr<RawClient> real = RawClient::Connect(real_->endpoint(node));
  if (!real.ok()) return real.status();
  auto index = static_cast<mockcluster::NodeIndex>(node);
  absl::StatusOr<mockcluster::ClientId> mock = mock_->Connect(mock_->Node(index).endpoint);
  if (!mock.ok()) return mock.status();
  return std::make_unique<Connection>(*this, node, *std::move(real), *mock);
}

TwinClusters::Connection::~Connection() { twins_.mock_->Disconnect(mock_); }

std::vector<std::string> TwinClusters::Connection::CommandFor(std::string_view line,
                                                              bool real) const {
  std::vector<std::string> command;
  for (const std::string& word : Words(line)) command.push_back(twins_.Fill(word, real));
  return command;
}

mockcluster::Delivery TwinClusters::Connection::ExecuteOnMock(std::string_view line,
                                                              std::string* reply) {
  const std::vector<std::string> command = CommandFor(line, false);
  const std::vector<std::string_view> arguments(command.begin(), command.end());
  return twins_.mock_->Execute(mock_, arguments, reply);
}

absl::StatusOr<TwinClusters::Connection::Waits> TwinClusters::Connection::BeginPaused(
    std::string_view line) {
  if (real_id_.empty()) {
    absl::StatusOr<std::string> id = real_.Execute({"CLIENT", "ID"});
    if (!id.ok()) return id.status();
    real_id_ = id->substr(1, id->find('\r') - 1);
  }
  paused_line_ = line;
  if (absl::Status sent = real_.Send(CommandFor(line, true)); !sent.ok()) return sent;
  Waits waits;
  const bool decided = Poll(absl::Seconds(10), [&] {
    absl::StatusOr<HiredisReply> listed =
        twins_.real_->Run(node_, {"CLIENT", "LIST", "ID", real_id_});
    // Flag b: blocked.
    const size_t flags = listed.ok() ? listed->text.find(" flags=") : std::string::npos;
    if (flags == std::string::npos) return false;
    const size_t end = listed->text.find(' ', flags + 1);
    waits.real = listed->text.substr(flags + 7, end - flags - 7).find('b') != std::string::npos;
    return waits.real || real_.HasReply();
  });
  if (!decided) return DeadlineExceededError("neither a reply nor a client that waits");
  mock_reply_.clear();
  waits.mock = ExecuteOnMock(line, &mock_reply_) == mockcluster::Delivery::kSilent;
  return waits;
}

absl::StatusOr<TwinClusters::Replies> TwinClusters::Connection::FinishPaused() {
  absl::StatusOr<std::string> real = real_.Receive();
  if (!real.ok()) return real.status();
  if (mock_reply_.empty()) ExecuteOnMock(paused_line_, &mock_reply_);
  return Replies{twins_.Normalize(*std::move(real), true),
                 twins_.Normalize(std::move(mock_reply_), false)};
}

absl::StatusOr<TwinClusters::Replies> TwinClusters::Connection::Execute(std::string_view line) {
  absl::StatusOr<std::string> real = real_.Execute(CommandFor(line, true));
  std::string mock;
  if (ExecuteOnMock(line, &mock) == mockcluster::Delivery::kClosed) mock += "(closed)";
  if (!real.ok()) real = "(closed)";
  // Cursors are large numbers: a port may be found in one.
  if (line.starts_with("SCAN")) return Replies{*std::move(real), std::move(mock)};
  return Replies{twins_.Normalize(*std::move(real), true),
                 twins_.Normalize(std::move(mock), false)};
}

void TwinClusters::SetDeaf(size_t node, bool deaf) {
  BusRelay& relay = real_->relay();
  for (size_t other = 0; other < kNodes; ++other) {
    if (other == node) continue;
    deaf ? relay.Cut(other, node) : relay.Mend(other, node);
  }
  EXPECT_TRUE(mock_->SetDeaf(static_cast<mockcluster::NodeIndex>(node), deaf).ok());
}

absl::Status TwinClusters::Run(size_t node, std::string_view line) {
  absl::StatusOr<std::unique_ptr<Connection>> connection = Connect(node);
  if (!connection.ok()) return connection.status();
  absl::StatusOr<Replies> replies = (*connection)->Execute(line);
  if (!replies.ok()) return replies.status();
  if (replies->real != replies->mock || replies->real.starts_with("-")) {
    return FailedPreconditionError(std::string(line) + ": real " + replies->real + " emulator " +
                                   replies->mock);
  }
  return absl::OkStatus();
}

absl::Status TwinClusters::Clear() {
  for (size_t node = 0; node < 2; ++node) {
    for (std::string_view line : {"FLUSHALL", "CLUSTER SETSLOT 3300 STABLE"}) {
      if (absl::Status status = Run(node, line); !status.ok()) return status;
    }
    // The replica of the real one follows asynchronously.
    if (absl::StatusOr<HiredisReply> waited = real_->Run(node, {"WAIT", "1", "5000"});
        !waited.ok()) {
      return waited.status();
    }
  }
  return absl::OkStatus();
}

}  // namespace atestore
