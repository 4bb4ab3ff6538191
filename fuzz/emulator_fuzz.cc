// Any commands, bytes and faults for the emulator. Oracles: what it answers is RESP, one reply a
// command; the same calls give the same bytes; any chunking of the bytes gives the same replies.
#include <array>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/resp.h"
#include "core/status.h"
#include "fuzz/byte_source.h"
#include "fuzz/require.h"
#include "mockcluster/cluster.h"
#include "mockcluster/commands/command_table.h"
#include "mockcluster/control/control.h"

namespace {

using atestore::fuzz::ByteSource;
using atestore::fuzz::Require;
using mockcluster::ClientId;
using mockcluster::Cluster;
using mockcluster::Delivery;
using mockcluster::NodeInfo;

constexpr int kOperationsMax = 60;

// Keys in few slots, numbers at the edges, the options of all commands.
constexpr auto kWords = std::to_array<std::string_view>({"{b}1",
                                                         "{b}2",
                                                         "{b}3",
                                                         "a",
                                                         "",
                                                         "0",
                                                         "1",
                                                         "-1",
                                                         "2",
                                                         "3300",
                                                         "3301",
                                                         "16383",
                                                         "16384",
                                                         "100",
                                                         "65536",
                                                         "9223372036854775807",
                                                         "18446744073709551615",
                                                         "-9223372036854775808",
                                                         "1.5",
                                                         "x",
                                                         "MATCH",
                                                         "COUNT",
                                                         "TYPE",
                                                         "string",
                                                         "*",
                                                         "{b}*",
                                                         "[a-z]?",
                                                         "\\",
                                                         "NX",
                                                         "XX",
                                                         "GET",
                                                         "EX",
                                                         "PX",
                                                         "KEEPTTL",
                                                         "EXAT",
                                                         "PXAT",
                                                         "IMPORTING",
                                                         "MIGRATING",
                                                         "NODE",
                                                         "STABLE",
                                                         "FORCE",
                                                         "TAKEOVER",
                                                         "REPLACE",
                                                         "ABSTTL",
                                                         "KEYS",
                                                         "COPY",
                                                         "AUTH",
                                                         "SETNAME",
                                                         "default",
                                                         "secret",
                                                         "127.0.0.1",
                                                         "7000",
                                                         "7001",
                                                         "7002",
                                                         "KILL",
                                                         "RESTART",
                                                         "FAILOVER",
                                                         "MIGRATE",
                                                         "BEGIN",
                                                         "FINISH",
                                                         "ABORT",
                                                         "FAULTS",
                                                         "FAULT",
                                                         "TIME",
                                                         "KEEP",
                                                         "EMPTY",
                                                         "LOADING",
                                                         "GROW",
                                                         "SHRINK",
                                                         "BEFORE",
                                                         "TRUNCATE",
                                                         "server"});

std::string ToWire(const std::vector<std::string>& words) {
  atestore::Pipeline pipeline;
  pipeline.Begin(words.size());
  for (const std::string& word : words) pipeline.AddArgument(word);
  return pipeline.bytes();
}

mockcluster::ClusterOptions ReadOptions(ByteSource& source) {
  constexpr std::array kFlavors = {mockcluster::Flavor::kRedis70, mockcluster::Flavor::kValkey80,
                                   mockcluster::Flavor::kValkey91};
  mockcluster::ClusterOptions options;
  options.primaries = 1 + source.Number(2);
  options.replicas_per_primary = source.Number(1);
  options.flavor = kFlavors[source.Number(2)];
  options.seed = source.Byte();
  if (source.Number(7) == 0) options.password = "secret";
  if (source.Flag()) options.gossip = mockcluster::GossipMode::kManual;
  return options;
}

// One run of the input. `chunk_bytes`: how much is fed at a time; 0: all.
class Run {
 public:
  Run(ByteSource source, size_t chunk_bytes)
      : source_(source), chunk_bytes_(chunk_bytes), cluster_(ReadOptions(source_)) {}

  // Everything that was answered, and what happened meanwhile.
  std::string Transcript() {
    for (int i = 0; i < kOperationsMax && !source_.empty(); ++i) Operate();
    for (const std::string& line : cluster_.event_log()) absl::StrAppend(&transcript_, line, "\n");
    for (const mockcluster::ReachableKey& key : cluster_.ReachableKeys()) {
      Require(cluster_.ReachableValue(key.key) == key.value, "a key that is reachable has a value");
      absl::StrAppend(&transcript_, key.key, "=", key.value, "\n");
    }
    return transcript_;
  }

 private:
  struct Connection {
    ClientId client;
    std::unique_ptr<atestore::RespReader> reader = std::make_unique<atestore::RespReader>();
    bool whole_commands_only = true;
    size_t commands_unanswered = 0;  // of a node that hangs; kept for whole commands only
  };

  void Operate() {
    const size_t which = source_.Number(2);
    switch (source_.Number(15)) {
      case 0:
        return Inject(which);
      case 1:
        return Steer(which);
      case 2:
        connections_.erase(which);
        return;
      case 3: {
        Connection* connection = Find(which);
        if (connection == nullptr) return;
        connection->whole_commands_only = false;
        return Feed(*connection, source_.Text());
      }
      default:
        if (Connection* connection = Find(which)) {
          ++connection->commands_unanswered;
          Feed(*connection, ToWire(Command()));
        }
    }
  }

  // The connection of this number, opened if need be. Null: nobody listens.
  Connection* Find(size_t which) {
    auto found = connections_.find(which);
    if (found != connections_.end() && cluster_.IsOpen(found->second.client)) return &found->second;
    if (found != connections_.end()) {
      cluster_.Disconnect(found->second.client);
      connections_.erase(found);
    }
    const std::vector<NodeInfo> nodes = cluster_.Nodes();
    absl::StatusOr<ClientId> client =
        cluster_.Connect(nodes[source_.Number(nodes.size() - 1)].endpoint);
    if (!client.ok()) return nullptr;
    return &connections_.emplace(which, Connection{.client = *client}).first->second;
  }

  void Feed(Connection& connection, std::string_view bytes) {
    std::string replies;
    Delivery delivery = Delivery::kReplied;
    while (!bytes.empty() && delivery != Delivery::kClosed) {
      std::string_view chunk = bytes.substr(0, chunk_bytes_ == 0 ? bytes.size() : chunk_bytes_);
      delivery = cluster_.Feed(connection.client, chunk, &replies);
      bytes.remove_prefix(chunk.size());
    }
    absl::StrAppend(&transcript_, replies, delivery == Delivery::kClosed ? "(closed)" : "");
    connection.reader->Feed(replies);
    size_t count = 0;
    for (;;) {
      absl::StatusOr<std::optional<atestore::ReplyView>> reply = connection.reader->Next();
      Require(reply.ok(), "what a node says is RESP");
      if (!reply->has_value()) break;
      ++count;
    }
    if (delivery == Delivery::kClosed) return;
    Require(connection.reader->buffered_bytes() == 0, "a reply is complete");
    if (!connection.whole_commands_only) return;
    Require(count <= connection.commands_unanswered, "a command has no more than one reply");
    connection.commands_unanswered -= count;
    Require(delivery == Delivery::kSilent || connection.commands_unanswered == 0,
            "a command has one reply, unless its node hangs");
  }

  std::string Word() {
    const uint8_t choice = source_.Byte();
    if (choice < kWords.size()) return std::string(kWords[choice]);
    const std::vector<NodeInfo> nodes = cluster_.Nodes();
    if (choice < 96) return nodes[choice % nodes.size()].id;
    if (choice < 120) return absl::StrCat(choice);
    return std::string(source_.Bytes(choice - 120));
  }

  std::vector<std::string> Command() {
    const std::vector<mockcluster::Command>& all = mockcluster::AllCommands();
    const std::string_view name = all[source_.Byte() % all.size()].name;
    std::vector<std::string> words = absl::StrSplit(atestore::ToAbsl(name), '|');
    for (size_t count = source_.Number(7); count > 0; --count) words.push_back(Word());
    return words;
  }

  void Inject(size_t which) {
    auto fault = static_cast<mockcluster::Fault>(source_.Number(mockcluster::kFaultCount - 1));
    std::optional<ClientId> client;
    if (Connection* connection = Find(which)) client = connection->client;
    absl::Status status = cluster_.InjectFault(fault, client);
    Require(status.ok() || absl::IsFailedPrecondition(status), "a fault that cannot be says so");
    absl::StrAppend(&transcript_, status.message(), "\n");
  }

  void Steer(size_t which) {
    Connection* connection = Find(which);
    if (connection == nullptr) return;
    std::vector<std::string> words = {"MOCK"};
    for (size_t count = source_.Number(4); count > 0; --count) words.push_back(Word());
    std::vector<std::string_view> arguments(words.begin(), words.end());
    std::string reply;
    mockcluster::ExecuteControlCommand(cluster_, connection->client, arguments, &reply);
    atestore::RespReader reader;
    reader.Feed(reply);
    absl::StatusOr<std::optional<atestore::ReplyView>> view = reader.Next();
    Require(view.ok() && view->has_value() && reader.buffered_bytes() == 0,
            "a control command has one reply");
    transcript_ += reply;
  }

  ByteSource source_;
  const size_t chunk_bytes_;
  Cluster cluster_;
  std::map<size_t, Connection> connections_;
  std::string transcript_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 4096) return -1;
  ByteSource source(data, size);
  const size_t chunk_bytes = 1 + source.Number(15);
  Run whole(source, 0);
  Run chunked(source, chunk_bytes);
  Require(whole.Transcript() == chunked.Transcript(), "the same calls give the same bytes");
  return 0;
}
