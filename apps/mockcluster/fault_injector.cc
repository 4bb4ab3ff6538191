#include "apps/mockcluster/fault_injector.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/endpoint.h"
#include "core/resp.h"
#include "core/slot.h"
#include "core/status.h"
#include "mockcluster/control/control.h"

namespace mockcluster {
namespace {

using google::protobuf::Struct;
using google::protobuf::Value;

constexpr std::string_view kTypes =
    "failover, reshard, slot_migrate, network_failure, node_failure, shard_failure, mock";
constexpr double kDelaySecondsMax = 3600;

HttpReply Json(int code, const Struct& fields) {
  HttpReply reply{.code = code};
  // It fails for numbers that are not finite.
  static_cast<void>(google::protobuf::util::MessageToJsonString(fields, &reply.json));
  return reply;
}

Value Text(const std::string& text) {
  Value value;
  value.set_string_value(text);
  return value;
}

Value Number(double number) {
  Value value;
  value.set_number_value(number);
  return value;
}

template <typename Elements, typename ToValue>
Value List(const Elements& elements, ToValue to_value) {
  Value value;
  google::protobuf::ListValue& list = *value.mutable_list_value();
  for (const auto& element : elements) *list.add_values() = to_value(element);
  return value;
}

HttpReply Refuse(int code, const std::string& why) {
  Struct fields;
  (*fields.mutable_fields())["error"] = Text(why);
  return Json(code, fields);
}

void AppendLines(const atestore::ReplyView& reply, std::vector<std::string>* lines) {
  if (reply.is_array()) {
    for (const atestore::ReplyView element : reply) AppendLines(element, lines);
  } else if (reply.type() == atestore::RespType::kInteger) {
    lines->push_back(absl::StrCat(reply.integer()));
  } else {
    lines->emplace_back(reply.text());
  }
}

}  // namespace

// The fields of an action's "parameters". The first that is missing or wrong is remembered.
class FaultInjector::Parameters {
 public:
  explicit Parameters(const Struct& fields) : fields_(fields) {}

  // A text, or a number without a fraction.
  std::string Word(const std::string& name) const {
    const Value* value = Find(name);
    if (value == nullptr) return Missing(name);
    if (value->kind_case() == Value::kStringValue) return value->string_value();
    if (value->kind_case() == Value::kNumberValue &&
        value->number_value() == std::trunc(value->number_value())) {
      return absl::StrCat(static_cast<int64_t>(value->number_value()));
    }
    return Wrong(name, "a text or a whole number");
  }
  int64_t DelayMs() const {
    const Value* value = Find("delay");
    if (value == nullptr) return 1000;
    const double seconds = value->number_value();
    if (value->kind_case() != Value::kNumberValue ||
        !(seconds >= 0 && seconds <= kDelaySecondsMax)) {
      Wrong("delay", absl::StrCat("seconds from 0 to ", kDelaySecondsMax));
      return 0;
    }
    return static_cast<int64_t>(seconds * 1000);
  }
  bool Flag(const std::string& name) const {
    const Value* value = Find(name);
    return value != nullptr && value->bool_value();
  }
  const absl::Status& status() const { return status_; }

 private:
  const Value* Find(const std::string& name) const {
    auto found = fields_.fields().find(name);
    return found == fields_.fields().end() ? nullptr : &found->second;
  }
  std::string Missing(const std::string& name) const {
    status_.Update(atestore::InvalidArgumentError("parameters." + name + " is missing"));
    return {};
  }
  std::string Wrong(const std::string& name, const std::string& wanted) const {
    status_.Update(atestore::InvalidArgumentError(absl::StrCat(
        "parameters.", name, " is ", Find(name)->ShortDebugString(), ", not ", wanted)));
    return {};
  }

  const Struct& fields_;
  mutable absl::Status status_;
};

HttpReply FaultInjector::Answer(const HttpRequest& request) {
  constexpr std::string_view kAction = "/action/";
  const bool get = request.method == "GET";
  if (request.method == "POST" && request.path == "/action") return Begin(request.body);
  if (get && request.path.starts_with(kAction))
    return StatusOf(request.path.substr(kAction.size()));
  if (get && request.path == "/nodes") return Nodes();
  if (get && request.path == "/stats") return Stats();
  return Refuse(404, request.method + " " + request.path +
                         ": there are POST /action, GET /action/ID, GET /nodes, GET /stats");
}

HttpReply FaultInjector::Begin(const std::string& body) {
  Struct fields;
  const auto parsed = google::protobuf::util::JsonStringToMessage(body, &fields);
  if (!parsed.ok()) return Refuse(400, "the body is not a JSON object: " + parsed.ToString());
  const std::string type =
      fields.fields().contains("type") ? fields.fields().at("type").string_value() : std::string();
  const Struct parameters = fields.fields().contains("parameters")
                                ? fields.fields().at("parameters").struct_value()
                                : Struct();
  absl::StatusOr<Plan> plan = PlanFor(type, Parameters(parameters));
  if (!plan.ok()) return Refuse(400, std::string(plan.status().message()));

  const std::string id = absl::StrCat(actions_.size() + 1);
  Action& action = actions_[id];
  action.type = type;
  if (Run(plan->begin, action)) {
    if (plan->end.empty()) {
      action.status = "success";
    } else {
      run_later_(plan->delay_ms, [this, &action, end = plan->end] {
        if (Run(end, action)) action.status = "success";
      });
    }
  }
  Struct answer;
  (*answer.mutable_fields())["action_id"] = Text(id);
  (*answer.mutable_fields())["status"] = Text(action.status);
  return Json(200, answer);
}

absl::StatusOr<FaultInjector::Plan> FaultInjector::PlanFor(const std::string& type,
                                                           const Parameters& parameters) const {
  Plan plan;
  if (type == "failover") {
    plan.begin = {absl::StrCat("FAILOVER ", parameters.Word("node"),
                               parameters.Flag("force") ? " FORCE" : "")};
  } else if (type == "slot_migrate") {
    const std::string slot = parameters.Word("slot");
    plan.begin = {absl::StrCat("MOVESLOTS ", slot, " ", slot, " ", parameters.Word("destination"))};
  } else if (type == "reshard") {
    plan.begin = {absl::StrCat("MOVESLOTS ", parameters.Word("first_slot"), " ",
                               parameters.Word("last_slot"), " ", parameters.Word("destination"))};
  } else if (type == "network_failure") {
    plan.delay_ms = parameters.DelayMs();
    const std::string node = parameters.Word("node");
    plan.begin = {"HANG " + node + " ON"};
    plan.end = {"HANG " + node + " OFF"};
  } else if (type == "node_failure" || type == "shard_failure") {
    plan.delay_ms = parameters.DelayMs();
    const std::string node = parameters.Word("node");
    const std::vector<std::string> nodes =
        type == "node_failure" ? std::vector<std::string>{node} : NodesOfShard(node);
    if (parameters.status().ok() && nodes.empty()) {
      return atestore::InvalidArgumentError("parameters.node: no node " + node);
    }
    for (const std::string& failing : nodes) {
      plan.begin.push_back("KILL " + failing);
      plan.end.push_back("RESTART " + failing);
    }
  } else if (type == "mock") {
    plan.begin = {parameters.Word("command")};
  } else {
    return atestore::InvalidArgumentError(
        absl::StrCat("type is \"", type, "\"; it must be one of ", atestore::ToAbsl(kTypes)));
  }
  if (!parameters.status().ok()) return parameters.status();
  return plan;
}

// The handles of a primary and its replicas, given one of them by handle, port or id.
std::vector<std::string> FaultInjector::NodesOfShard(const std::string& node) const {
  const std::vector<NodeInfo> nodes = cluster_.Nodes();
  const auto one = std::find_if(nodes.begin(), nodes.end(), [&](const NodeInfo& candidate) {
    return node == candidate.id || node == absl::StrCat(candidate.endpoint.port) ||
           node == absl::StrCat(static_cast<int>(candidate.index));
  });
  if (one == nodes.end()) return {};
  const NodeIndex primary = one->primary.value_or(one->index);
  std::vector<std::string> shard{absl::StrCat(static_cast<int>(primary))};
  for (const NodeIndex replica : cluster_.ReplicasOf(primary)) {
    shard.push_back(absl::StrCat(static_cast<int>(replica)));
  }
  return shard;
}

bool FaultInjector::Run(const std::vector<std::string>& commands, Action& action) {
  for (const std::string& command : commands) {
    std::vector<std::string_view> words{"MOCK"};
    for (absl::string_view word : absl::StrSplit(command, ' ', absl::SkipEmpty())) {
      words.emplace_back(word.data(), word.size());
    }
    std::string reply;
    // No connection of a client sent it.
    ExecuteControlCommand(cluster_, ClientId{}, words, &reply);
    atestore::RespReader reader;
    reader.Feed(reply);
    const auto parsed = reader.Next();
    if (!parsed.ok() || !*parsed || (*parsed)->is_error()) {
      action.status = "failed";
      action.error = parsed.ok() && *parsed ? std::string((*parsed)->text()) : reply;
      return false;
    }
    AppendLines(**parsed, &action.output);
  }
  return true;
}

HttpReply FaultInjector::StatusOf(const std::string& id) const {
  auto found = actions_.find(id);
  if (found == actions_.end()) return Refuse(404, "no action \"" + id + "\"");
  const Action& action = found->second;
  Struct answer;
  auto& fields = *answer.mutable_fields();
  fields["action_id"] = Text(id);
  fields["type"] = Text(action.type);
  fields["status"] = Text(action.status);
  fields["output"] = List(action.output, Text);
  if (!action.error.empty()) fields["error"] = Text(action.error);
  return Json(200, answer);
}

HttpReply FaultInjector::Nodes() const {
  std::vector<NodeInfo> members = cluster_.Nodes();
  std::erase_if(members, [](const NodeInfo& node) { return !node.member; });
  Struct answer;
  (*answer.mutable_fields())["nodes"] = List(members, [](const NodeInfo& node) {
    Value value;
    auto& fields = *value.mutable_struct_value()->mutable_fields();
    fields["handle"] = Number(static_cast<double>(node.index));
    fields["address"] = Text(ToString(node.endpoint));
    fields["id"] = Text(node.id);
    fields["role"] = Text(node.primary ? "replica" : "primary");
    if (node.primary) fields["primary"] = Number(static_cast<double>(*node.primary));
    fields["alive"].set_bool_value(node.alive);
    fields["keys"] = Number(static_cast<double>(node.keys));
    return value;
  });
  return Json(200, answer);
}

HttpReply FaultInjector::Stats() const {
  Struct answer;
  auto& fields = *answer.mutable_fields();
  fields["now_ms"] = Number(static_cast<double>(cluster_.now_ms()));
  fields["events"] = Number(static_cast<double>(cluster_.event_log().size()));
  fields["planned_faults_done"] = Number(static_cast<double>(cluster_.faults_done()));
  fields["open_slots"] = List(
      cluster_.OpenSlots(), [](atestore::Slot slot) { return Number(static_cast<double>(slot)); });
  return Json(200, answer);
}

}  // namespace mockcluster
