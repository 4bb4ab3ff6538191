#include "tests/property/mutant_transport.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/status.h"
#include "store/cluster/execute_at.h"
#include "store/transport/request_queue.h"

namespace atestore {
namespace {

constexpr std::string_view kOwnsEverything = "x h:1@2 myself,master - 0 0 1 connected 0-16383\n";
constexpr std::string_view kRunId = "run_id:";
constexpr size_t kRunIdLength = 40;

std::string Bulk(std::string_view text) {
  return absl::StrCat("$", text.size(), "\r\n", ToAbsl(text), "\r\n");
}

// A reply in wire form again, with `change` applied to every string.
template <typename Change>
std::string Write(const ReplyView& reply, const Change& change) {
  if (reply.is_null()) return "$-1\r\n";
  if (reply.is_error()) return absl::StrCat("-", ToAbsl(reply.text()), "\r\n");
  if (reply.type() == RespType::kInteger) return absl::StrCat(":", reply.integer(), "\r\n");
  if (!reply.is_array()) return Bulk(change(std::string(reply.text())));
  std::string bytes = absl::StrCat("*", reply.size(), "\r\n");
  for (ReplyView element : reply) bytes += Write(element, change);
  return bytes;
}

// The text of INFO, with more commands processed.
std::string InfoOfLater(std::string_view info) {
  constexpr std::string_view kCommands = "total_commands_processed:";
  std::string text(info);
  const size_t commands = text.find(kCommands);
  if (commands != std::string::npos) text.insert(commands + kCommands.size(), "9");
  return Bulk(text);
}

void Replace(std::string& text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  if (at != std::string::npos) text.replace(at, from.size(), to);
}

// Whether the reply says if the node serves the slot.
bool IsKeyed(const std::vector<std::string>& command) {
  return command[0] == "EXISTS" || command[0] == "PFCOUNT";
}

}  // namespace

void MutantTransport::Execute(std::span<const ShardRequest> requests, absl::Time,
                              ReplyObserver& observer) {
  RequestQueue queue(requests);
  for (size_t index = 0; index < queue.size(); ++index) {
    if (observer.Abandon()) {
      observer.OnFailure(index, DeadlineExceededError("the caller waits no longer"));
      continue;
    }
    Answer answer = ExecuteMutated(queue[index]);
    if (!answer) {
      observer.OnFailure(index, UnavailableError("connection closed"));
      continue;
    }
    for (size_t command = 0; command < answer->size(); ++command) {
      RespReader reader;
      reader.Feed((*answer)[command]);
      auto reply = reader.Next();
      observer.OnReply(index, command, **reply);
    }
    queue.Append(observer.More());
  }
}

MutantTransport::Answer MutantTransport::ExecuteMutated(const ShardRequest& request) {
  std::vector<Command> commands;
  RespReader reader;
  reader.Feed(request.pipeline.bytes());
  for (size_t index = 0; index < request.pipeline.size(); ++index) {
    auto command = reader.Next();
    Command& arguments = commands.emplace_back();
    for (ReplyView argument : **command) arguments.emplace_back(argument.text());
  }
  const bool asks_source =
      commands.size() > 3 && commands[3][0] == "INFO" && commands[3].size() > 2;
  const bool asks_destination = commands.size() > 1 && commands[1][0] == "ASKING";
  const bool verifies =
      commands.size() > 1 && commands[0][0] == "EXISTS" && commands[1][0] == "INFO";
  if (mutation_ == Mutation::kDestinationFirst) {
    if (asks_source) ReadDestinationEarly();
    if (asks_destination && early_destination_) return early_destination_;
  }
  if (mutation_ == Mutation::kNoVerification && verifies) {
    std::vector<std::string> replies{absl::StrCat("-", last_ask_text_, "\r\n"), last_info_};
    replies.resize(commands.size(), ":0\r\n");
    return replies;
  }
  // Keyless, and its OK reads as the integer 0.
  for (Command& command : commands) {
    const bool left_out = mutation_ == Mutation::kNoProbe
                              ? IsKeyed(command)
                              : mutation_ == Mutation::kNoHeldProbe && command[0] == "PFCOUNT";
    if (left_out) command = {"UNWATCH"};
  }
  Answer answer = Send(request.endpoint, commands, request.node_id);
  if (mutation_ == Mutation::kMovedMeansOrphans && asks_destination && answer &&
      std::any_of(answer->begin(), answer->end(),
                  [](const std::string& reply) { return reply.starts_with("-MOVED"); })) {
    return ReadDestinationPastMoved(request.endpoint, std::move(commands));
  }
  if (mutation_ == Mutation::kNilMeansGone && commands[0][0] == "ASKING" && answer) {
    PassOverNil(*answer);
  }
  return answer;
}

void MutantTransport::PassOverNil(std::vector<std::string>& answer) {
  for (std::string& reply : answer) {
    if (reply == "$-1\r\n") reply = "-WRONGTYPE the key is gone\r\n";
  }
}

// As if the keyed probe had passed and the slot held no keys.
MutantTransport::Answer MutantTransport::ReadDestinationPastMoved(const Endpoint& destination,
                                                                  std::vector<Command> commands) {
  for (Command& command : commands) {
    if (IsKeyed(command)) command = {"UNWATCH"};
    if (command.size() > 1 && command[1] == "GETKEYSINSLOT") command.back() = "0";
  }
  return Send(destination, commands);
}

MutantTransport::Answer MutantTransport::Send(const Endpoint& endpoint,
                                              const std::vector<Command>& commands,
                                              const std::string& node_id) {
  ShardRequest request{.endpoint = endpoint};
  if (mutation_ != Mutation::kNoIdentity) request.node_id = node_id;
  for (const Command& command : commands) {
    request.pipeline.Begin(command.size());
    for (const std::string& argument : command) request.pipeline.AddArgument(argument);
  }
  absl::StatusOr<std::vector<Reply>> replies =
      ExecuteAt(transport_, request, absl::InfiniteFuture());
  if (!replies.ok()) return std::nullopt;
  Learn(commands, *replies, endpoint);
  auto change = [&](std::string text) { return Falsify(std::move(text), endpoint); };
  std::vector<std::string> answer;
  for (const Reply& reply : *replies) answer.push_back(Write(reply.view(), change));
  return answer;
}

std::string MutantTransport::Falsify(std::string text, const Endpoint& endpoint) {
  const bool is_view = text.find("myself,") != std::string::npos;
  switch (mutation_) {
    case Mutation::kNoRunId:
      if (size_t run_id = text.find(kRunId); run_id != std::string::npos) {
        text.replace(run_id + kRunId.size(), kRunIdLength, std::string(kRunIdLength, '0'));
      }
      break;
    case Mutation::kNoOwnView:
      if (is_view) text = kOwnsEverything;
      break;
    case Mutation::kServerRemembered: {
      const size_t begin = text.find("redis_version:");
      const size_t end = text.find("redis_git_sha1", begin);
      if (begin == std::string::npos || end == std::string::npos) break;
      const std::string& first =
          first_servers_.emplace(endpoint, text.substr(begin, end - begin)).first->second;
      text.replace(begin, end - begin, first);
      break;
    }
    case Mutation::kNoClusterState:
      Replace(text, "cluster_state:fail", "cluster_state:ok");
      break;
    default:
      break;
  }
  return text;
}

void MutantTransport::Learn(const std::vector<Command>& commands, const std::vector<Reply>& replies,
                            const Endpoint& endpoint) {
  for (const Command& command : commands) {
    if (command[0] == "EXISTS") last_probe_ = command;
  }
  for (const Reply& reply : replies) {
    ReplyView view = reply.view();
    if (view.is_error() && view.text().starts_with("ASK ")) {
      last_ask_ = ParseServerError(view.text(), endpoint);
      last_ask_text_ = view.text();
    }
    if (!view.is_array()) continue;
    for (ReplyView element : view) {
      if (element.text().find(kRunId) != std::string_view::npos) {
        last_info_ = InfoOfLater(element.text());
      }
    }
  }
}

void MutantTransport::ReadDestinationEarly() {
  early_destination_.reset();
  if (!last_ask_) return;
  early_destination_ = Send(last_ask_->endpoint,
                            {{"CLUSTER", "INFO"},
                             {"ASKING"},
                             {"PFCOUNT", last_probe_.back()},
                             {"ASKING"},
                             {"MULTI"},
                             last_probe_,
                             {"INFO", "persistence"},
                             {"CLUSTER", "GETKEYSINSLOT", absl::StrCat(last_ask_->slot), "100000"},
                             {"EXEC"}});
}

}  // namespace atestore
