#include "store/listing/serialized_actor_sink.h"

#include <google/protobuf/io/coded_stream.h>

#include <algorithm>

namespace atestore::inline v0 {
namespace {

using google::protobuf::io::CodedOutputStream;

// protobuf.dev/programming-guides/encoding: a field's number and wire type, then its length.
constexpr uint32_t TagOf(uint32_t field) {
  constexpr uint32_t kLengthDelimited = 2;
  return field << 3 | kLengthDelimited;
}
constexpr size_t kHeaderBytesMax = kElementOverheadBytes;

// Makes room for a field of so many bytes at the end of `message`, and writes its header.
uint8_t* BeginField(int field, size_t length, std::string* message) {
  const size_t begin = message->size();
  message->resize(begin + kHeaderBytesMax + length);
  uint8_t* at = reinterpret_cast<uint8_t*>(message->data()) + begin;
  at = CodedOutputStream::WriteVarint32ToArray(TagOf(static_cast<uint32_t>(field)), at);
  return CodedOutputStream::WriteVarint32ToArray(static_cast<uint32_t>(length), at);
}

void EndField(const uint8_t* end, std::string* message) {
  message->resize(static_cast<size_t>(end - reinterpret_cast<const uint8_t*>(message->data())));
}

}  // namespace

absl::StatusOr<std::optional<size_t>> SerializedActorSink::Add(std::string_view key,
                                                               std::string_view value) {
  absl::StatusOr<bool> wanted = projection_.Read(key, value, &actor_);
  if (!wanted.ok()) return wanted.status();
  if (!*wanted) return std::nullopt;
  const size_t length = actor_.ByteSizeLong();
  uint8_t* at = BeginField(ateapi::ListActorsResponse::kActorsFieldNumber, length, &bytes_);
  EndField(actor_.SerializeWithCachedSizesToArray(at), &bytes_);
  ends_.push_back(bytes_.size());
  return length + kElementOverheadBytes;
}

void SerializedActorSink::Remove(std::span<const size_t> indexes) {
  std::string kept;
  std::vector<size_t> ends;
  for (size_t index = 0; index < ends_.size(); ++index) {
    if (!indexes.empty() && indexes.front() == index) {
      indexes = indexes.subspan(1);
      continue;
    }
    const size_t begin = index == 0 ? 0 : ends_[index - 1];
    kept.append(bytes_, begin, ends_[index] - begin);
    ends.push_back(kept.size());
  }
  bytes_ = std::move(kept);
  ends_ = std::move(ends);
}

void SerializedActorSink::OnUnreadable(std::string_view key, const absl::Status& why) {
  ++unreadable_;
  if (on_unreadable_) on_unreadable_(key, why);
}

std::string SerializedActorSink::TakeResponse(std::string_view next_page_token) && {
  if (!next_page_token.empty()) {
    uint8_t* at = BeginField(ateapi::ListActorsResponse::kNextPageTokenFieldNumber,
                             next_page_token.size(), &bytes_);
    EndField(std::copy(next_page_token.begin(), next_page_token.end(), at), &bytes_);
  }
  return std::move(bytes_);
}

}  // namespace atestore::inline v0
