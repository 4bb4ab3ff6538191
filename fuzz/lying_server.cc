#include "fuzz/lying_server.h"

#include <algorithm>
#include <array>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/status.h"
#include "fuzz/require.h"

namespace atestore::fuzz {
namespace {

// What a listing may send: nothing that writes, nothing that looks at every key.
constexpr std::array<std::string_view, 9> kReads = {"MULTI",  "EXEC", "EXISTS", "PFCOUNT", "SCAN",
                                                    "ASKING", "GET",  "MGET",   "INFO"};

constexpr uint8_t kNoLie = 255;

std::string Bulk(std::string_view text) {
  return absl::StrCat("$", text.size(), "\r\n", ToAbsl(text), "\r\n");
}

// An array of `count` strings, each as `next` gives it.
template <typename Next>
std::string ArrayOf(size_t count, Next next) {
  std::string array = absl::StrCat("*", count, "\r\n");
  for (size_t element = 0; element < count; ++element) array += Bulk(next());
  return array;
}

uint64_t CursorOf(const std::vector<std::string>& scan) {
  uint64_t cursor = 0;
  Require(absl::SimpleAtoi(scan[1], &cursor), "SCAN has a cursor");
  return cursor;
}

std::vector<std::vector<std::string>> CommandsOf(const Pipeline& pipeline) {
  std::vector<std::vector<std::string>> commands;
  RespReader reader;
  reader.Feed(pipeline.bytes());
  for (;;) {
    absl::StatusOr<std::optional<ReplyView>> command = reader.Next();
    Require(command.ok(), "commands are well-formed");
    if (!command->has_value()) break;
    std::vector<std::string>& words = commands.emplace_back();
    for (ReplyView word : **command) words.emplace_back(word.text());
    Require(!words.empty(), "a command has a name");
  }
  Require(commands.size() == pipeline.size(), "a pipeline counts its commands");
  return commands;
}

void RequireRead(const std::vector<std::string>& command) {
  if (command[0] == "CLUSTER") {
    Require(command.size() > 1 &&
                (command[1] == "NODES" || command[1] == "INFO" || command[1] == "GETKEYSINSLOT"),
            "a listing only reads");
    return;
  }
  Require(std::find(kReads.begin(), kReads.end(), command[0]) != kReads.end(),
          "a listing only reads");
  if (command[0] != "SCAN") return;
  uint64_t count = 0;
  Require(command.size() == 6 && absl::SimpleAtoi(command[5], &count) && count >= 1 &&
              count <= kScanCountMax,
          "SCAN has a bounded COUNT");
}

}  // namespace

void LyingServer::Answer(size_t index, const ShardRequest& request, AnsweredWalk& walk) {
  in_transaction_ = false;
  queued_.clear();
  asked_ = request.endpoint;
  honest_ = options_.mostly_honest && source_.Byte() % 8 != 1;
  std::string wire;
  std::vector<Words> commands = CommandsOf(request.pipeline);
  for (const Words& command : commands) RequireRead(command);
  for (const Words& command : commands) wire += AnswerTo(command);
  RespReader reader;
  reader.Feed(wire);
  for (size_t command = 0; command < commands.size(); ++command) {
    absl::StatusOr<std::optional<ReplyView>> reply = reader.Next();
    if (!reply.ok()) return walk.OnFailure(index, reply.status());
    if (!reply->has_value()) return walk.OnFailure(index, UnavailableError("connection closed"));
    walk.OnReply(index, command, **reply);
  }
}

Topology LyingServer::MakeTopology() {
  std::string wire;
  size_t ranges = 0;
  size_t first = 0;
  if (options_.near_the_end && source_.Number(3) > 0) first = SomeSlot();
  while (first < kSlotCount) {
    size_t last =
        std::min<size_t>(kSlotCount - 1, first + size_t{256} * source_.Byte() + source_.Byte());
    if (source_.empty()) last = kSlotCount - 1;
    absl::StrAppend(&wire, "*3\r\n:", first, "\r\n:", last, "\r\n*2\r\n+n", source_.Number(2),
                    "\r\n:7000\r\n");
    ++ranges;
    first = last + 1 + source_.Number(1);
  }
  RespReader reader;
  reader.Feed(absl::StrCat("*", ranges, "\r\n", wire));
  absl::StatusOr<std::optional<ReplyView>> reply = reader.Next();
  absl::StatusOr<Topology> topology = Topology::FromClusterSlots(**reply, {"n0", 7000});
  Require(topology.ok(), "an honest topology is read");
  topology_ = *std::move(topology);
  return topology_;
}

size_t LyingServer::SomeSlot() {
  const bool near = options_.near_the_end && source_.Number(31) > 0;
  const size_t most = near ? 31 : kSlotCount - 1;
  return kSlotCount - 1 - source_.Number(most);
}

std::string LyingServer::AnswerTo(const Words& command) {
  if (source_.empty()) return AnswerForEver(command);
  const uint8_t lie = honest_ ? kNoLie : source_.Byte() % 16;
  if (lie == 0) return Error();
  if (lie == 1) return std::string(source_.Text());
  if (command[0] == "MULTI") {
    in_transaction_ = true;
    return "+OK\r\n";
  }
  if (in_transaction_) return InTransaction(command);
  return Result(command);
}

std::string LyingServer::AnswerForEver(const Words& command) {
  const size_t slot = command.size() > 1 ? KeySlot(command[1]) : 0;
  switch (last_word_ % 6) {
    case 0:
      return "-CLUSTERDOWN The cluster is down\r\n";
    case 1:
      return "-TRYAGAIN Multiple keys request during rehashing of slot\r\n";
    case 2:
      return absl::StrCat("-ASK ", slot, " n1:7000\r\n");
    case 3:
      return absl::StrCat("-MOVED ", slot, " n2:7000\r\n");
    case 4:
      return "*0\r\n";
    default:
      break;
  }
  // A transaction in which every result is 1: the probe exists, whatever its key.
  if (command[0] == "EXEC") {
    std::string results = absl::StrCat("*", queued_.size(), "\r\n");
    for (size_t result = 0; result < queued_.size(); ++result) results += ":1\r\n";
    return results;
  }
  if (command[0] == "MULTI") return "+OK\r\n";
  queued_.push_back(command);
  return "+QUEUED\r\n";
}

std::string LyingServer::InTransaction(const Words& command) {
  if (command[0] != "EXEC") {
    queued_.push_back(command);
    return "+QUEUED\r\n";
  }
  in_transaction_ = false;
  std::string results = absl::StrCat("*", queued_.size(), "\r\n");
  for (const Words& queued : queued_) results += Result(queued);
  return results;
}

std::string LyingServer::Result(const Words& command) {
  switch (honest_ ? kNoLie : source_.Byte() % 16) {
    case 0:
      return Error();
    case 1:
      return std::string(source_.Text());
    case 2:
      return "_\r\n";
    case 3:
      return absl::StrCat(":", source_.Byte(), "\r\n");
    case 4:
      return Keys(SomeSlot());
    default:
      return HonestResult(command);
  }
}

std::string LyingServer::HonestResult(const Words& command) {
  if (command[0] == "EXISTS" || command[0] == "PFCOUNT") return ":0\r\n";
  if (command[0] == "ASKING") return "+OK\r\n";
  if (command[0] == "INFO") return Bulk(InfoText());
  if (command[0] == "SCAN") return honest_ ? HonestScan(command) : Scan(command);
  if (command[0] == "GET") return honest_ ? Value() : Bulk(source_.Text());
  if (command[0] == "MGET") {
    std::string values = absl::StrCat("*", command.size() - 1, "\r\n");
    for (size_t key = 1; key < command.size(); ++key) values += Value();
    return values;
  }
  if (command.size() == 4) {
    size_t slot = 0;
    Require(absl::SimpleAtoi(command[2], &slot) && slot < kSlotCount, "GETKEYSINSLOT has a slot");
    return honest_ ? HonestKeys(slot) : Keys(slot);
  }
  return Bulk(command.size() > 1 && command[1] == "INFO" ? ClusterInfoText() : NodesText());
}

std::string LyingServer::Value() {
  return source_.Byte() % 8 == 0 ? "$-1\r\n" : Bulk(source_.Bytes(source_.Number(7)));
}

std::string LyingServer::Error() {
  std::string slot = absl::StrCat(SomeSlot());
  switch (source_.Number(9)) {
    case 0:
      return "-TRYAGAIN Multiple keys request during rehashing of slot\r\n";
    case 1:
      return absl::StrCat("-MOVED ", slot, " n", source_.Number(3), ":7000\r\n");
    case 2:
      return absl::StrCat("-ASK ", slot, " n", source_.Number(3), ":7000\r\n");
    case 3:
      return "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
    case 4:
      return "-EXECABORT Transaction discarded because of previous errors.\r\n";
    case 5:
      return "-LOADING Redis is loading the dataset in memory\r\n";
    case 6:
      return absl::StrCat("-ASK ", slot, " n1:7000\r\n");
    case 7:
      return absl::StrCat("-MOVED ", source_.Number(kSlotCount - 1), " n1:7000\r\n");
    case 8:
      return "-NOPERM this user has no permissions\r\n";
    default:
      return "-CLUSTERDOWN Hash slot not served\r\n";
  }
}

// A key that belongs to `slot`, mostly.
std::string LyingServer::Key(size_t slot) {
  const std::string tag = absl::StrCat("{", ToAbsl(SlotTag(static_cast<Slot>(slot))), "}");
  switch (source_.Number(7)) {
    case 0:
      return absl::StrCat("actor:b:", tag, source_.Byte());
    case 1:
      return std::string(source_.Text());
    case 2:
      return absl::StrCat("actor:", tag);
    case 3:
      return absl::StrCat("actor:a:", source_.Byte());
    case 4:
      return absl::StrCat("actor:a", tag, ":", source_.Byte());
    default:
      return absl::StrCat("actor:a:", tag, source_.Byte());
  }
}

std::string LyingServer::Keys(size_t slot) {
  return ArrayOf(source_.Number(12), [&] { return Key(slot); });
}

std::string LyingServer::Scan(const Words& command) {
  const uint64_t asked = CursorOf(command);
  size_t slot = asked % kSlotCount;
  uint64_t next = 0;
  switch (source_.Number(4)) {
    case 0:
      break;
    case 1:
      next = source_.Number(UINT64_MAX);
      break;
    case 2:
      next = asked + kSlotCount * (1 + source_.Number(3));
      break;
    case 3:
      next = asked;
      break;
    default:
      next = std::min<uint64_t>(slot + 1 + source_.Byte(), kSlotCount - 1);
  }
  // In the order of per-slot tables, as long as the slots go up.
  const std::string keys = ArrayOf(source_.Number(12), [&] {
    std::string key = Key(slot);
    slot = std::min(slot + source_.Number(2), kSlotCount - 1);
    return key;
  });
  return absl::StrCat("*2\r\n", Bulk(absl::StrCat(next)), keys);
}

std::string LyingServer::HonestKey(size_t slot) {
  return absl::StrCat(source_.Number(7) == 1 ? "actor:b:{" : "actor:a:{",
                      ToAbsl(SlotTag(static_cast<Slot>(slot))), "}", source_.Byte());
}

// Most slots hold nothing.
std::string LyingServer::HonestKeys(size_t slot) {
  const uint64_t drawn = source_.Number(15);
  const size_t count = drawn < 10 ? 0 : drawn - 9;
  return ArrayOf(count, [&] { return HonestKey(slot); });
}

// As servers with per-slot tables reply.
std::string LyingServer::HonestScan(const Words& command) {
  size_t slot = CursorOf(command) % kSlotCount;
  const size_t end = std::min(slot + 1 + size_t{4} * source_.Byte(), kSlotCount);
  const std::string keys = ArrayOf(source_.Number(12), [&] {
    std::string key = HonestKey(slot);
    slot = std::min(slot + source_.Number(15), end - 1);
    return key;
  });
  return absl::StrCat("*2\r\n", Bulk(absl::StrCat(end % kSlotCount)), keys);
}

std::string LyingServer::NodesText() {
  if (honest_) return HonestNodesText();
  std::string line =
      absl::StrCat("0123 n0:7000@17000 myself,", source_.Byte() % 8 == 0 ? "slave" : "master",
                   " - 0 0 7 connected");
  const size_t usual = options_.near_the_end ? kSlotCount - 64 : 0;
  size_t first = source_.Number(3) == 0 ? SomeSlot() : usual;
  size_t last = source_.Number(3) == 0 ? first + source_.Byte() : kSlotCount - 1;
  absl::StrAppend(&line, " ", first, "-", last);
  if (source_.Number(3) == 0) {
    absl::StrAppend(&line, " [", kSlotCount - 1 - source_.Number(31),
                    source_.Flag() ? "->-" : "-<-", "ab]");
  }
  return line + "\n";
}

std::string LyingServer::HonestNodesText() const {
  std::string line =
      absl::StrCat("0123 ", asked_.host, ":7000@17000 myself,master - 0 0 7 connected");
  for (size_t slot = 0; slot < kSlotCount; ++slot) {
    const size_t first = slot;
    while (slot < kSlotCount && OwnedByAsked(slot)) ++slot;
    if (slot > first) absl::StrAppend(&line, " ", first, "-", slot - 1);
  }
  return line + "\n";
}

bool LyingServer::OwnedByAsked(size_t slot) const {
  const ClusterNode* owner = topology_.Owner(static_cast<Slot>(slot));
  return owner != nullptr && owner->endpoint == asked_;
}

std::string LyingServer::InfoText() {
  std::string_view version =
      honest_ || source_.Number(3) > 0 ? "valkey_version:9.1.0" : "old:7.0.15";
  const bool loading = !honest_ && source_.Number(7) == 1;
  return absl::StrCat("# Server\r\n", ToAbsl(version), "\r\nrun_id:", source_.Number(1),
                      "\r\nloading:", loading ? 1 : 0, "\r\ntotal_commands_processed:", ++commands_,
                      "\r\ncmdstat_cluster|setslot:calls=", source_.Number(1), ",usec=1\r\n");
}

std::string LyingServer::ClusterInfoText() {
  const bool ok = honest_ || source_.Number(7) != 1;
  return absl::StrCat("cluster_state:", ok ? "ok" : "fail", "\r\ncluster_slots_assigned:16384\r\n");
}

}  // namespace atestore::fuzz
