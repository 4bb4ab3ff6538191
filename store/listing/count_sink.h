#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/listing/values_read.h"
#include "proto/ateapi.pb.h"
#include "store/listing/actor_projection.h"
#include "store/listing/open_page.h"

namespace atestore::inline v0 {

// CountActors takes at most so many fields to group by, and makes at most so many groups a call.
inline constexpr size_t kCountFieldsMax = 4;
inline constexpr size_t kCountGroupsMax = 10'000;

// The fields that actors are counted by. A value.
class CountGroups {
 public:
  // INVALID_ARGUMENT (GROUP_BY_INVALID, field "group_by"): too many, or a path that is no field,
  // or one that has no single value. A label is named by its key behind the labels' path.
  static absl::StatusOr<CountGroups> Parse(
      const google::protobuf::RepeatedPtrField<std::string>& paths);

  // What has to be read of an actor, beside its names.
  ReadMask mask() const { return mask_; }
  // The values of the fields: text, numbers in decimals, enums by name; "" for no label.
  std::vector<std::string> Of(const ateapi::Actor& actor) const;

 private:
  struct Field {
    const ActorField* field = nullptr;
    std::string label;
  };
  std::vector<Field> fields_;
  ReadMask mask_;
};

// Counts records instead of keeping them.
class CountSink final : public RecordSink {
 public:
  // All must outlive the sink. `on_unreadable` may be empty.
  CountSink(const ActorProjection& projection, const CountGroups& groups,
            const OnUnreadableActor& on_unreadable)
      : projection_(projection), groups_(groups), on_unreadable_(on_unreadable) {}

  absl::StatusOr<std::optional<size_t>> Add(std::string_view key, std::string_view value) override;
  size_t size() const override { return group_of_.size(); }
  void Remove(std::span<const size_t> indexes) override;
  void OnUnreadable(std::string_view key, const absl::Status& why) override;

  // FAILED_PRECONDITION (TOO_MANY_GROUPS) when there were more than kCountGroupsMax.
  absl::Status AddTo(ateapi::CountActorsResponse* response) const;
  int64_t unreadable() const { return unreadable_; }

 private:
  const ActorProjection& projection_;
  const CountGroups& groups_;
  const OnUnreadableActor& on_unreadable_;
  std::map<std::vector<std::string>, uint32_t> numbers_;  // of groups
  std::vector<uint32_t> group_of_;                        // of each record
  bool too_many_ = false;
  int64_t unreadable_ = 0;
  ateapi::Actor actor_;
};

}  // namespace atestore::inline v0
