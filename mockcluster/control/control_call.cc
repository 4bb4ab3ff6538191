#include "mockcluster/control/control_call.h"

#include <charconv>

#include "absl/strings/match.h"
#include "core/status.h"

namespace mockcluster::inline v0 {

ControlCall::ControlCall(Cluster& cluster, ClientId client,
                         std::span<const std::string_view> arguments, std::string* reply)
    : cluster_(cluster),
      client_(client),
      arguments_(arguments),
      writer_(reply, RespVersion::kResp2) {}

bool ControlCall::Has(size_t index, std::string_view word) const {
  return index < size() &&
         absl::EqualsIgnoreCase(atestore::ToAbsl(arguments_[index]), atestore::ToAbsl(word));
}

int64_t ControlCall::Number(size_t index, int64_t min, int64_t max) {
  std::string_view text = arguments_[index];
  int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < min || number > max) {
    Misunderstood("number", text);
    return min;
  }
  return number;
}

Slot ControlCall::SlotAt(size_t index) {
  return static_cast<Slot>(Number(index, 0, static_cast<int64_t>(atestore::kSlotCount) - 1));
}

NodeIndex ControlCall::NodeAt(size_t index) {
  std::string_view text = arguments_[index];
  for (const NodeInfo& node : cluster_.Nodes()) {
    if (!node.member) continue;
    if (text == node.id || text == std::to_string(node.endpoint.port) ||
        text == std::to_string(static_cast<int>(node.index))) {
      return node.index;
    }
  }
  Misunderstood("node", text);
  return NodeIndex{0};
}

size_t ControlCall::Choice(size_t index, std::span<const std::string_view> words) {
  for (size_t word = 0; word < words.size(); ++word) {
    if (Has(index, words[word])) return word;
  }
  Misunderstood("word", arguments_[index]);
  return 0;
}

void ControlCall::Reply(const absl::Status& status) {
  if (status.ok()) return writer_.Ok();
  writer_.Error("ERR " + std::string(atestore::ToStd(status.message())));
}

void ControlCall::Misunderstood(std::string_view what, std::string_view text) {
  if (!error_.empty()) return;
  error_ = "ERR MOCK: unknown or out-of-range ";
  error_.append(what).append(" '").append(text).append("'");
}

}  // namespace mockcluster::inline v0
