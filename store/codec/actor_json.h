#pragma once

#include <string>
#include <string_view>

#include "proto/ateapi.pb.h"

namespace atestore::inline v0 {

// Appends `actor` as ProtoJSON: byte for byte what protobuf's MessageToJsonString() makes of it
// (lowerCamelCase names in the order of their numbers, int64 as strings, enums by name, default
// values left out, no white space), some twenty times faster, without reflection. Text that is not
// UTF-8 is left to protobuf. Thread-safe.
void AppendActorJson(const ateapi::Actor& actor, std::string* json);

// The same of two messages inside an actor.
void AppendSelectorJson(const ateapi::Selector& selector, std::string* json);
void AppendSnapshotJson(const ateapi::SnapshotInfo& snapshot, std::string* json);

// Appends `text` as a JSON string, escaped as protobuf does. False, with nothing appended: it is
// not UTF-8.
bool AppendJsonString(std::string_view text, std::string* json);

}  // namespace atestore::inline v0
