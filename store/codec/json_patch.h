#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace atestore::inline v0 {

// Changes members of a JSON object and keeps every other byte: unknown members, their order, how
// numbers are spelled, white space. So a program may change a record of which it understands less
// than the program that wrote it.

// What becomes of one member of the object.
struct JsonMemberChange {
  // The name of a new member. Plain ASCII without quotes or backslashes, as `other_name`.
  std::string_view name;
  // The member may have this name instead (ProtoJSON: lowerCamelCase or original); "": no other.
  std::string_view other_name;
  // JSON text. nullopt: the member is taken out.
  std::optional<std::string> value;
};

// `json`, an object, with `changes` applied. A member that is there keeps its place and the
// spelling of its name; a new one goes behind the last member. Of a member that is there several
// times only the first stays. What is not a changed member is the same to the byte, except that a
// comma and the white space around it go with a member that is taken out.
//
// Reads what protobuf's parser reads: also single quotes and names without quotes. It looks at
// the outermost object only, so call it with text that was decoded before. INVALID_ARGUMENT when
// there is no such object, without quoting the text.
absl::StatusOr<std::string> PatchJsonObject(std::string_view json,
                                            std::span<const JsonMemberChange> changes);

// The JSON text of the first member with this name; nullopt: there is none, or `json` is no object.
// Views `json`.
std::optional<std::string_view> FindJsonMember(std::string_view json, std::string_view name,
                                               std::string_view other_name = "");

// The same for a string without escapes: its content. nullopt when the member is something else.
std::optional<std::string_view> FindJsonText(std::string_view json, std::string_view name);

}  // namespace atestore::inline v0
