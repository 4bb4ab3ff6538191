#include "tests/support/hiredis_client.h"

#include <utility>

#include <hiredis/hiredis.h>

#include "absl/strings/str_cat.h"
#include "core/status.h"

namespace atestore {
namespace {

HiredisReply Convert(const redisReply& reply) {
  HiredisReply result;
  result.is_error = reply.type == REDIS_REPLY_ERROR;
  result.is_null = reply.type == REDIS_REPLY_NIL;
  if (reply.type == REDIS_REPLY_INTEGER) result.integer = reply.integer;
  if (reply.str != nullptr) result.text.assign(reply.str, static_cast<size_t>(reply.len));
  if (reply.type == REDIS_REPLY_ARRAY) {
    for (size_t i = 0; i < reply.elements; ++i) {
      result.elements.push_back(Convert(*reply.element[i]));
    }
  }
  return result;
}

}  // namespace

void HiredisClient::Close::operator()(redisContext* context) const { redisFree(context); }

absl::StatusOr<HiredisClient> HiredisClient::Connect(const Endpoint& endpoint,
                                                     const std::string& password,
                                                     absl::Duration timeout) {
  timeval limit = absl::ToTimeval(timeout);
  HiredisClient client(redisConnectWithTimeout(endpoint.host.c_str(), endpoint.port, limit));
  if (client.context_ == nullptr || client.context_->err != 0) {
    return UnavailableError(absl::StrCat("cannot connect to port ", endpoint.port));
  }
  redisSetTimeout(client.context_.get(), limit);
  if (!password.empty()) {
    absl::StatusOr<HiredisReply> reply = client.Execute({"AUTH", password});
    if (!reply.ok()) return reply.status();
    if (reply->is_error) return FailedPreconditionError(reply->text);
  }
  return client;
}

absl::StatusOr<HiredisReply> HiredisClient::Execute(const Command& command) {
  absl::StatusOr<std::vector<HiredisReply>> replies = ExecuteAll({&command, 1});
  if (!replies.ok()) return replies.status();
  return std::move(replies->front());
}

absl::StatusOr<std::vector<HiredisReply>> HiredisClient::ExecuteAll(
    std::span<const Command> commands) {
  for (const Command& command : commands) {
    std::vector<const char*> texts;
    std::vector<size_t> lengths;
    for (const std::string& argument : command) {
      texts.push_back(argument.data());
      lengths.push_back(argument.size());
    }
    redisAppendCommandArgv(context_.get(), static_cast<int>(command.size()), texts.data(),
                           lengths.data());
  }
  std::vector<HiredisReply> replies;
  for (size_t i = 0; i < commands.size(); ++i) {
    void* reply = nullptr;
    if (redisGetReply(context_.get(), &reply) != REDIS_OK) {
      return UnavailableError(absl::StrCat("connection lost: ", context_->errstr));
    }
    replies.push_back(Convert(*static_cast<redisReply*>(reply)));
    freeReplyObject(reply);
  }
  return replies;
}

}  // namespace atestore
