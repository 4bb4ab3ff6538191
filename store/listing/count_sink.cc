#include "store/listing/count_sink.h"

#include "absl/strings/str_cat.h"
#include "core/status.h"
#include "store/error_info.h"

namespace atestore::inline v0 {
namespace {

constexpr std::string_view kLabels = "worker_selector.match_labels.";

absl::Status BadGroups(std::string_view what) {
  return WithErrorInfo(InvalidArgumentError(absl::StrCat("group_by: ", ToAbsl(what))),
                       {.reason = "GROUP_BY_INVALID", .field = "group_by"});
}

bool HasOneValue(const ActorField& field) {
  return field.kind == FieldKind::kString || field.kind == FieldKind::kInt64 ||
         field.kind == FieldKind::kEnum;
}

}  // namespace

absl::StatusOr<CountGroups> CountGroups::Parse(
    const google::protobuf::RepeatedPtrField<std::string>& paths) {
  if (static_cast<size_t>(paths.size()) > kCountFieldsMax) {
    return BadGroups(absl::StrCat(paths.size(), " fields, more than ", kCountFieldsMax));
  }
  CountGroups groups;
  google::protobuf::FieldMask mask;
  mask.add_paths("atespace");
  mask.add_paths("actor_id");
  for (const std::string& path : paths) {
    Field field{.field = FindActorField(path), .label = ""};
    if (path.starts_with(kLabels) && path.size() > kLabels.size()) {
      field = {FindActorField(kLabels.substr(0, kLabels.size() - 1)), path.substr(kLabels.size())};
    } else if (field.field == nullptr) {
      return BadGroups(absl::StrCat("\"", path, "\" is no field of an actor"));
    } else if (!HasOneValue(*field.field)) {
      return BadGroups(absl::StrCat(
          "\"", path, "\" has no single value; name a field in it, or a label by its key"));
    }
    const std::string_view whole = field.field->path;
    mask.add_paths(std::string(whole.substr(0, whole.find('.'))));
    groups.fields_.push_back(std::move(field));
  }
  absl::StatusOr<ReadMask> parsed = ReadMask::Parse(mask);
  if (!parsed.ok()) return parsed.status();
  groups.mask_ = *std::move(parsed);
  return groups;
}

std::vector<std::string> CountGroups::Of(const ateapi::Actor& actor) const {
  std::vector<std::string> values;
  values.reserve(fields_.size());
  for (const auto& [field, label] : fields_) {
    if (field->kind == FieldKind::kString) {
      values.push_back(field->text(actor));
    } else if (field->kind == FieldKind::kInt64) {
      values.push_back(absl::StrCat(field->number(actor)));
    } else if (field->kind == FieldKind::kEnum) {
      values.push_back(EnumName(*field, field->number(actor)));
    } else {
      const auto found = field->labels(actor).find(label);
      values.push_back(found == field->labels(actor).end() ? "" : found->second);
    }
  }
  return values;
}

absl::StatusOr<std::optional<size_t>> CountSink::Add(std::string_view key, std::string_view value) {
  absl::StatusOr<bool> wanted = projection_.Read(key, value, &actor_);
  if (!wanted.ok()) return wanted.status();
  if (!*wanted) return std::nullopt;
  const uint32_t next = static_cast<uint32_t>(numbers_.size());
  const uint32_t group = numbers_.try_emplace(groups_.Of(actor_), next).first->second;
  if (numbers_.size() > kCountGroupsMax) {
    too_many_ = true;
    numbers_.clear();  // nothing of it will be returned
    return std::nullopt;
  }
  group_of_.push_back(group);
  return size_t{1};
}

void CountSink::Remove(std::span<const size_t> indexes) {
  size_t kept = 0;
  for (size_t index = 0; index < group_of_.size(); ++index) {
    if (!indexes.empty() && indexes.front() == index) {
      indexes = indexes.subspan(1);
      continue;
    }
    group_of_[kept++] = group_of_[index];
  }
  group_of_.resize(kept);
}

void CountSink::OnUnreadable(std::string_view key, const absl::Status& why) {
  ++unreadable_;
  if (on_unreadable_) on_unreadable_(key, why);
}

absl::Status CountSink::AddTo(ateapi::CountActorsResponse* response) const {
  if (too_many_) {
    return WithErrorInfo(FailedPreconditionError(absl::StrCat(
                             "group_by: more than ", kCountGroupsMax,
                             " different values; group by fields with fewer, or give a filter")),
                         {.reason = "TOO_MANY_GROUPS", .field = "group_by"});
  }
  std::vector<int64_t> counts(numbers_.size());
  for (const uint32_t group : group_of_) ++counts[group];
  for (const auto& [values, number] : numbers_) {
    if (counts[number] == 0) continue;  // all of it was taken back
    ateapi::ActorCount& count = *response->add_counts();
    for (const std::string& value : values) count.add_group(value);
    count.set_count(counts[number]);
  }
  return absl::OkStatus();
}

}  // namespace atestore::inline v0
