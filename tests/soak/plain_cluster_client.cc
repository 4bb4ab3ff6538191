#include "tests/soak/plain_cluster_client.h"

#include <algorithm>
#include <optional>
#include <sstream>

#include "absl/time/clock.h"

namespace atestore {
namespace {

constexpr size_t kSlots = 16384;
constexpr size_t kPipelinedMax = 200;
constexpr int kRedirectsMax = 8;
constexpr absl::Duration kLeftAlone = absl::Seconds(1);

struct Redirect {
  uint16_t port = 0;
  bool asking = false;
};

// "MOVED <slot> <host>:<port>" or "ASK …"; nullopt: another error.
std::optional<Redirect> ReadRedirect(const std::string& error) {
  const bool asking = error.starts_with("ASK ");
  const size_t colon = error.rfind(':');
  if ((!asking && !error.starts_with("MOVED ")) || colon == std::string::npos) return std::nullopt;
  return Redirect{static_cast<uint16_t>(std::stoi(error.substr(colon + 1))), asking};
}

// Errors with which a server executes a command, or refuses this command for good; all others say
// that it, or this key, cannot be had here and now.
bool IsAnswer(const std::string& error) { return error.starts_with("WRONGTYPE"); }

std::vector<std::string> Words(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

// The port in "127.0.0.1:7000@17000,…".
uint16_t PortIn(const std::string& address) {
  const size_t at = address.find('@');
  const size_t colon = address.rfind(':', at);
  return static_cast<uint16_t>(std::stoi(address.substr(colon + 1)));
}

}  // namespace

uint16_t PlainSlotOf(std::string_view key) {
  const size_t open = key.find('{');
  if (open != std::string_view::npos) {
    const size_t close = key.find('}', open + 1);
    if (close != std::string_view::npos && close != open + 1) {
      key = key.substr(open + 1, close - open - 1);
    }
  }
  uint16_t crc = 0;  // CRC-16/XMODEM, bit by bit
  for (const char byte : key) {
    crc = static_cast<uint16_t>(crc ^ (static_cast<uint16_t>(static_cast<uint8_t>(byte)) << 8));
    for (int bit = 0; bit < 8; ++bit) {
      crc = static_cast<uint16_t>((crc & 0x8000) != 0 ? (crc << 1) ^ 0x1021 : crc << 1);
    }
  }
  return crc % kSlots;
}

struct PlainClusterClient::Node {
  std::optional<HiredisClient> client;
  absl::Time not_before = absl::InfinitePast();
};

PlainClusterClient::PlainClusterClient(std::vector<uint16_t> ports, absl::Duration timeout)
    : ports_(std::move(ports)), timeout_(timeout), owners_(kSlots) {}

PlainClusterClient::~PlainClusterClient() = default;

PlainClusterClient::Node& PlainClusterClient::NodeAt(uint16_t port) {
  std::unique_ptr<Node>& node = nodes_[port];
  if (node == nullptr) node = std::make_unique<Node>();
  return *node;
}

std::vector<HiredisReply> PlainClusterClient::Send(uint16_t port,
                                                   const std::vector<Command>& commands) {
  Node& node = NodeAt(port);
  if (absl::Now() < node.not_before) return {};
  if (!node.client) {
    absl::StatusOr<HiredisClient> client =
        HiredisClient::Connect({"127.0.0.1", port}, "", timeout_);
    if (client.ok()) node.client.emplace(std::move(*client));
  }
  if (node.client) {
    absl::StatusOr<std::vector<HiredisReply>> replies = node.client->ExecuteAll(commands);
    if (replies.ok()) return *std::move(replies);
  }
  node.client.reset();
  node.not_before = absl::Now() + kLeftAlone;
  return {};
}

void PlainClusterClient::Refresh() {
  struct Claim {
    int64_t epoch = -1;
    uint16_t port = 0;
  };
  std::vector<Claim> claims(kSlots);
  for (const uint16_t asked : ports_) {
    const std::vector<HiredisReply> replies = Send(asked, {{"CLUSTER", "NODES"}});
    if (replies.empty() || replies.front().is_error) continue;
    std::istringstream lines(replies.front().text);
    for (std::string line; std::getline(lines, line);) {
      const std::vector<std::string> words = Words(line);
      if (words.size() < 9 || words[2].find("master") == std::string::npos) continue;
      const Claim claim{std::stoll(words[6]), PortIn(words[1])};
      for (size_t i = 8; i < words.size(); ++i) {
        if (words[i].front() == '[') continue;  // a migration mark
        const size_t dash = words[i].find('-');
        const size_t first = std::stoul(words[i]);
        const size_t last =
            dash == std::string::npos ? first : std::stoul(words[i].substr(dash + 1));
        for (size_t slot = first; slot <= last; ++slot) {
          if (claim.epoch > claims[slot].epoch) claims[slot] = claim;
        }
      }
    }
  }
  for (size_t slot = 0; slot < kSlots; ++slot) {
    if (claims[slot].port != 0) owners_[slot] = claims[slot].port;
  }
}

PlainAnswer PlainClusterClient::Follow(const Command& command, uint16_t port, bool asking) {
  PlainAnswer answer;
  for (int redirects = 0; redirects <= kRedirectsMax; ++redirects) {
    std::vector<Command> commands{command};
    if (asking) commands.insert(commands.begin(), {"ASKING"});
    std::vector<HiredisReply> replies = Send(port, commands);
    if (replies.size() != commands.size()) {
      answer.why = "no answer from port " + std::to_string(port);
      return answer;
    }
    answer.reply = std::move(replies.back());
    if (!answer.reply.is_error || IsAnswer(answer.reply.text)) {
      answer.kind = PlainAnswer::Kind::kReply;
      return answer;
    }
    answer.why = answer.reply.text;
    const std::optional<Redirect> redirect = ReadRedirect(answer.reply.text);
    if (!redirect) return answer;
    port = redirect->port;
    asking = redirect->asking;
  }
  answer.why = "redirects without end, the last: " + answer.why;
  return answer;
}

PlainAnswer PlainClusterClient::Execute(const Command& command) {
  const uint16_t owner = owners_[PlainSlotOf(command[1])];
  if (owner == 0) return {.why = "the slot has no owner"};
  return Follow(command, owner, false);
}

std::vector<PlainAnswer> PlainClusterClient::GetAll(const std::vector<std::string>& keys) {
  std::vector<PlainAnswer> answers(keys.size());
  std::map<uint16_t, std::vector<size_t>> by_owner;
  for (size_t i = 0; i < keys.size(); ++i) {
    const uint16_t owner = owners_[PlainSlotOf(keys[i])];
    answers[i].why = "the slot has no owner";
    if (owner != 0) by_owner[owner].push_back(i);
  }
  for (const auto& [owner, indexes] : by_owner) {
    for (size_t begin = 0; begin < indexes.size(); begin += kPipelinedMax) {
      const size_t end = std::min(begin + kPipelinedMax, indexes.size());
      std::vector<Command> commands;
      for (size_t i = begin; i < end; ++i) commands.push_back({"GET", keys[indexes[i]]});
      std::vector<HiredisReply> replies = Send(owner, commands);
      for (size_t i = begin; i < end; ++i) {
        PlainAnswer& answer = answers[indexes[i]];
        answer.why = "no answer from port " + std::to_string(owner);
        if (i - begin >= replies.size()) continue;
        HiredisReply& reply = replies[i - begin];
        const std::optional<Redirect> redirect =
            reply.is_error ? ReadRedirect(reply.text) : std::nullopt;
        if (redirect) {
          answer = Follow(commands[i - begin], redirect->port, redirect->asking);
        } else if (reply.is_error && !IsAnswer(reply.text)) {
          answer.why = reply.text;
        } else {
          answer = {.kind = PlainAnswer::Kind::kReply, .reply = std::move(reply)};
        }
      }
    }
  }
  return answers;
}

}  // namespace atestore
