// Oracles: what is accepted, printed, reads the same; a refusal names a place in the text; a filter
// says the same of an actor's key, of the fields it reads and of the whole message.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "store/filter/actor_filter.h"

namespace {

using ateapi::Actor;
using atestore::ActorFilter;
namespace filter = atestore::filter;

void Require(bool condition) {
  if (!condition) std::abort();
}

void CheckRefusal(const absl::Status& status, size_t size) {
  Require(absl::IsInvalidArgument(status));
  absl::string_view message = status.message();
  constexpr absl::string_view kBegin = "filter: character ";
  Require(absl::StartsWith(message, kBegin));
  message.remove_prefix(kBegin.size());
  size_t place = 0;
  Require(absl::SimpleAtoi(message.substr(0, message.find(':')), &place));
  Require(place >= 1 && place <= size + 1);
}

Actor Example() {
  Actor actor;
  actor.set_version(17);
  actor.set_status(Actor::STATUS_RUNNING);
  actor.set_ateom_pod_ip("10.0.0.1");
  actor.mutable_latest_snapshot_info()->mutable_local()->add_node_vms_with_local_snapshots("vm");
  (*actor.mutable_worker_selector()->mutable_match_labels())["zone"] = "a";
  actor.set_atespace("team-a");
  actor.set_actor_id("agent-1");
  return actor;
}

void CheckEvaluation(const ActorFilter& wanted) {
  Actor whole = Example();
  Actor part = whole;
  KeepFields(wanted.fields().Add(atestore::ActorNameFields()), &part);
  Require(wanted.Matches(part) == wanted.Matches(whole));
  const std::optional<bool> decided = wanted.DecideOnKey({"team-a", "agent-1"});
  Require(decided ? *decided == wanted.Matches(whole) : wanted.needs_values());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<filter::Expression> expression = filter::Parse(text);
  if (expression.ok()) {
    const std::string printed = filter::Print(*expression);
    // Printing adds spaces and quotes, so it may go beyond the limit.
    if (printed.size() <= filter::kFilterBytesMax) {
      const absl::StatusOr<filter::Expression> again = filter::Parse(printed);
      Require(again.ok() && *again == *expression);
      Require(filter::Print(*again) == printed);
    }
  } else {
    CheckRefusal(expression.status(), size);
  }
  const absl::StatusOr<ActorFilter> wanted = ActorFilter::Parse(text);
  if (wanted.ok()) {
    Require(expression.ok() || wanted->wants_all());
    CheckEvaluation(*wanted);
  } else {
    CheckRefusal(wanted.status(), size);
  }
  return 0;
}
