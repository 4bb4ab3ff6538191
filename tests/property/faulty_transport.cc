#include "tests/property/faulty_transport.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/status.h"
#include "proto/ateapi.pb.h"
#include "store/cluster/execute_at.h"
#include "store/codec/json_patch.h"
#include "store/codec/value_codec.h"
#include "store/records/record_text.h"
#include "store/shard_transport.h"
#include "store/transport/request_queue.h"

namespace atestore {
namespace {

using Commands = std::vector<std::vector<std::string>>;

Commands CommandsOf(const ShardRequest& request) {
  RespReader reader;
  reader.Feed(request.pipeline.bytes());
  Commands commands;
  for (size_t i = 0; i < request.pipeline.size(); ++i) {
    auto command = reader.Next();
    for (commands.emplace_back(); ReplyView argument : **command) {
      commands.back().emplace_back(argument.text());
    }
  }
  return commands;
}

ShardRequest RequestOf(const ShardRequest& like, const Commands& commands) {
  ShardRequest request{.endpoint = like.endpoint, .pipeline = {}, .node_id = like.node_id};
  for (const auto& command : commands) {
    request.pipeline.Begin(command.size());
    for (const std::string& argument : command) request.pipeline.AddArgument(argument);
  }
  return request;
}

bool Writes(const Commands& commands) {
  for (const auto& command : commands) {
    if (command[0] == "SET" || command[0] == "DEL") return true;
  }
  return false;
}

// As a program does that decodes, changes and encodes.
std::string Rewritten(const std::string& json) {
  ateapi::Actor actor;
  if (!DecodeActor(json, &actor).ok()) return json;
  std::string text = EncodeActor(actor);
  std::vector<JsonMemberChange> ids;
  for (std::string_view name : {kUidMember, kWriteMember}) {
    std::optional<std::string_view> id = FindJsonMember(json, name);
    if (id) ids.push_back({.name = name, .other_name = "", .value = std::string(*id)});
  }
  return PatchJsonObject(text, ids).value_or(text);
}

void Tell(std::string_view wire, size_t index, size_t command, ReplyObserver& observer) {
  RespReader reader;
  reader.Feed(wire);
  observer.OnReply(index, command, **reader.Next());
}

std::string Bulk(std::string_view text) {
  return absl::StrCat("$", text.size(), "\r\n", ToAbsl(text), "\r\n");
}

constexpr std::string_view kInnerError = "*1\r\n-MISCONF Errors writing to the AOF file\r\n";

}  // namespace

void RequestWorld::DeliverLate() {
  std::vector<std::function<void()>> all = std::exchange(late, {});
  late_delivered += all.size();
  for (const auto& deliver : all) deliver();
}

std::unique_ptr<ShardTransport> FaultyTransport::Exclusive() {
  std::shared_ptr<ShardTransport> inner = inner_->Exclusive();
  auto exclusive = std::make_unique<FaultyTransport>(world_, *inner, mistake_);
  exclusive->original_ = inner_;
  exclusive->owned_ = std::move(inner);
  exclusive->crashed_ = crashed_;
  exclusive->atespace_ = atespace_;
  return exclusive;
}

void FaultyTransport::Execute(std::span<const ShardRequest> requests, absl::Time,
                              ReplyObserver& observer) {
  RequestQueue queue(requests);
  for (size_t index = 0; index < queue.size(); ++index) {
    world_.turns.Yield();
    absl::Status status = ExecuteOne(index, queue[index], observer);
    status.ok() ? queue.Append(observer.More()) : observer.OnFailure(index, status);
    world_.turns.Yield();
  }
}

absl::Status FaultyTransport::ExecuteOne(size_t index, const ShardRequest& request,
                                         ReplyObserver& observer) {
  constexpr uint32_t kDeliveryPer1000 = 200;
  if (!world_.late.empty() && Happens(kDeliveryPer1000)) world_.DeliverLate();
  if (Happens(world_.faults.crash_per_1000)) *crashed_ = true;
  if (*crashed_) return MarkNotSent(UnavailableError("this program has ended"));
  const Commands commands = CommandsOf(request);
  if (Happens(world_.faults.not_sent_per_1000)) {
    return MarkNotSent(UnavailableError("connection refused"));
  }
  if (!Writes(commands) || owned_ == nullptr) return Carry(index, request, observer);
  if (Happens(world_.faults.late_per_1000)) {
    // On its old connection, which still knows its WATCH.
    world_.late.push_back([inner = owned_, request] {
      (void)ExecuteAt(*inner, request, absl::InfiniteFuture()).status();
    });
    owned_ = original_->Exclusive();
    inner_ = owned_.get();
    return UnavailableError("no reply before the deadline");
  }
  if (Happens(world_.faults.refused_per_1000)) {
    const bool removes = commands[commands.size() - 2][0] == "DEL";
    for (size_t i = 0; i + 1 < commands.size(); ++i) Tell("+OK\r\n", index, i, observer);
    std::string_view wire = kInnerError;
    if (mistake_ == WriteMistake::kIgnoreInnerErrors)
      wire = removes ? "*1\r\n:1\r\n" : "*1\r\n+OK\r\n";
    Tell(wire, index, commands.size() - 1, observer);
    return absl::OkStatus();
  }
  return Carry(index, request, observer);
}

absl::Status FaultyTransport::Carry(size_t index, const ShardRequest& request,
                                    ReplyObserver& observer) {
  Commands commands = CommandsOf(request);
  for (auto& command : commands) {
    if (mistake_ == WriteMistake::kNoWatch && command[0] == "WATCH") command[0] = "EXISTS";
    if (mistake_ == WriteMistake::kRewriteRecord && command[0] == "SET") {
      command[2] = Rewritten(command[2]);
    }
  }
  const ShardRequest sent = RequestOf(request, commands);
  absl::StatusOr<std::vector<Reply>> replies = ExecuteAt(*inner_, sent, absl::InfiniteFuture());
  if (!replies.ok() && mistake_ == WriteMistake::kRetryBlindly && Writes(commands) &&
      !WasNotSent(replies.status())) {
    // What this program lost, others see meanwhile.
    world_.turns.Yield();
    replies = ExecuteAt(*inner_, sent, absl::InfiniteFuture());
  }
  if (!replies.ok()) return replies.status();
  const bool reads_atespace =
      commands.size() == 1 && commands[0][0] == "GET" && commands[0][1].starts_with("atespace:");
  for (size_t i = 0; i < replies->size(); ++i) {
    ReplyView view = (*replies)[i].view();
    if (mistake_ == WriteMistake::kNoSecondLook && reads_atespace && !view.is_error()) {
      if (*atespace_) {
        std::string before = *std::exchange(*atespace_, std::nullopt);
        atestore::RespReader reader;
        reader.Feed(Bulk(before));
        observer.OnReply(index, i, **reader.Next());
        continue;
      }
      if (!view.is_null()) *atespace_ = std::string(view.text());
    }
    observer.OnReply(index, i, view);
  }
  return absl::OkStatus();
}

}  // namespace atestore
