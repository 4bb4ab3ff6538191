#include "tests/support/reply_recorder.h"

#include "gtest/gtest.h"

namespace atestore {

std::string ToText(const ReplyView& reply) {
  switch (reply.type()) {
    case RespType::kNull:
      return "nil";
    case RespType::kError:
      return "-" + std::string(reply.text());
    case RespType::kSimpleString:
      return "+" + std::string(reply.text());
    case RespType::kInteger:
    case RespType::kBoolean:
      return ":" + std::to_string(reply.integer());
    case RespType::kDropped:
      return "dropped(" + std::to_string(reply.integer()) + ")";
    case RespType::kBulkString:
    case RespType::kVerbatimString:
    case RespType::kDouble:
    case RespType::kBigNumber:
      return "$" + std::string(reply.text());
    case RespType::kArray:
    case RespType::kMap:
    case RespType::kSet:
    case RespType::kPush:
      break;
  }
  std::string text = "[";
  for (ReplyView element : reply) text += (text.size() > 1 ? " " : "") + ToText(element);
  return text + "]";
}

void ReplyRecorder::OnReply(size_t request, size_t command, const ReplyView& reply) {
  std::lock_guard lock(mutex_);
  Request& entry = requests_[request];
  EXPECT_EQ(command, entry.replies.size()) << "out of order";
  EXPECT_FALSE(entry.failure) << "a reply after the failure";
  entry.replies.push_back(ToText(reply));
}

void ReplyRecorder::OnFailure(size_t request, const absl::Status& status) {
  std::lock_guard lock(mutex_);
  Request& entry = requests_[request];
  EXPECT_FALSE(entry.failure) << "failed twice";
  EXPECT_FALSE(status.ok());
  entry.failure = status;
}

std::vector<std::string> ReplyRecorder::replies(size_t request) const {
  std::lock_guard lock(mutex_);
  auto found = requests_.find(request);
  return found == requests_.end() ? std::vector<std::string>{} : found->second.replies;
}

absl::Status ReplyRecorder::failure(size_t request) const {
  std::lock_guard lock(mutex_);
  auto found = requests_.find(request);
  if (found == requests_.end()) return absl::OkStatus();
  return found->second.failure.value_or(absl::OkStatus());
}

}  // namespace atestore
