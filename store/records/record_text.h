#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"

#include "absl/status/statusor.h"
#include "proto/ateapi.pb.h"

namespace atestore::inline v0 {

// Members of a record that are not part of the wire contract. They tell a writer whose reply was
// lost what became of its write. Programs that do not know them ignore them, as ProtoJSON ignores
// unknown members; no field can get such a name, since '$' is not allowed in it.
inline constexpr std::string_view kUidMember = "$uid";      // who created the record; never changes
inline constexpr std::string_view kWriteMember = "$write";  // who changed it last
// Of an atespace: who is deleting it.
inline constexpr std::string_view kDeletingMember = "$deleting";

// A name for one write that no other write has: 64 random bits as hexadecimal digits.
std::string NewWriteId();

// The text of a new record.
std::string NewActorText(const ateapi::Actor& actor, std::string_view write_id);
std::string NewAtespaceText(const ateapi::Atespace& atespace, std::string_view write_id);

// `json`, an actor's record, with the version and the worker selector of `changed` in place of its
// own. Everything else stays to the byte. DATA_LOSS when it then would not read as `changed`.
absl::StatusOr<std::string> ChangedActorText(std::string_view json, const ateapi::Actor& changed,
                                             std::string_view write_id);

// `json`, the record of the atespace `name`, marked as being deleted. A text that is no JSON object
// is replaced.
std::string MarkedAtespaceText(std::string_view json, std::string_view name,
                               std::string_view write_id);
// The same without the mark.
std::string UnmarkedAtespaceText(std::string_view json);
// The write id of the mark; empty: there is none.
std::string_view DeletionMark(std::string_view json);

// True when `json` was created or changed last by the write `write_id`.
bool IsWrittenBy(std::string_view json, std::string_view write_id);
// True when both are states of one record: it was not deleted and created again in between. Records
// that carry no `$uid` are never known to be.
bool IsSameRecord(std::string_view json, std::string_view other);

// DATA_LOSS (RECORD_UNREADABLE) that names the record, printably, and says why.
absl::Status UnreadableRecord(std::string_view key, std::string_view why);

}  // namespace atestore::inline v0
