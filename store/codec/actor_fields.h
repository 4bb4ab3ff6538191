#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "proto/ateapi.pb.h"

namespace atestore::inline v0 {

// A set of top-level fields of ateapi.Actor, by their numbers. A value.
class ActorFields {
 public:
  static constexpr ActorFields All() { return ActorFields(~uint32_t{0}); }
  constexpr ActorFields() = default;

  constexpr ActorFields& Add(int number) {
    bits_ |= uint32_t{1} << number;
    return *this;
  }
  constexpr ActorFields& Add(ActorFields others) {
    bits_ |= others.bits_;
    return *this;
  }
  constexpr bool Has(int number) const { return (bits_ >> number & 1) != 0; }
  constexpr bool Includes(ActorFields others) const { return (others.bits_ & ~bits_) == 0; }
  constexpr bool is_all() const { return *this == All(); }
  friend constexpr bool operator==(ActorFields, ActorFields) = default;

 private:
  constexpr explicit ActorFields(uint32_t bits) : bits_(bits) {}
  uint32_t bits_ = 0;
};

// The two fields that an actor's key tells: atespace and actor_id.
constexpr ActorFields ActorNameFields() {
  return ActorFields()
      .Add(ateapi::Actor::kAtespaceFieldNumber)
      .Add(ateapi::Actor::kActorIdFieldNumber);
}

// Clears the fields of `*actor` that are not in `fields`.
void KeepFields(ActorFields fields, ateapi::Actor* actor);

enum class FieldKind : uint8_t {
  kString,
  kInt64,
  kEnum,
  kMessage,
  kLabels,   // map<string, string>
  kStrings,  // repeated string
};

// A field of an actor, or of a message inside it.
struct ActorField {
  std::string_view path;       // the proto's names: "latest_snapshot_info.type"
  std::string_view json_path;  // those of ProtoJSON: "latestSnapshotInfo.type"
  FieldKind kind;
  int top_number;  // the number of the top-level field that holds it

  // How to read it; only the one of its kind is there. What is not set reads as the default.
  const std::string& (*text)(const ateapi::Actor&) = nullptr;
  int64_t (*number)(const ateapi::Actor&) = nullptr;  // kInt64, kEnum
  bool (*is_set)(const ateapi::Actor&) = nullptr;     // kMessage
  const google::protobuf::Map<std::string, std::string>& (*labels)(const ateapi::Actor&) = nullptr;
  const google::protobuf::RepeatedPtrField<std::string>& (*strings)(const ateapi::Actor&) = nullptr;
  const google::protobuf::EnumDescriptor* (*enumeration)() = nullptr;
};

// Every field of ateapi.Actor and of the messages in it, in the order of the proto.
std::span<const ActorField> AllActorFields();

// The field with this path, of the proto's names or of ProtoJSON's; null: there is none.
const ActorField* FindActorField(std::string_view path);

// What the names of an enumeration's values begin with, and people leave out: "STATUS_".
std::string_view EnumPrefix(const ActorField& field);

// The name of an enum's value; its number where this program does not know it.
std::string EnumName(const ActorField& field, int64_t number);

}  // namespace atestore::inline v0
