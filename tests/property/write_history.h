#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <ostream>
#include <string>
#include <vector>

namespace atestore {

enum class WriteKind {
  kCreate,
  kUpdate,  // of the worker selector
  kTouch,   // by another program, of a member that this build does not know
  kDelete,
  kRead,
};

enum class WriteResult {
  kDone,
  kAbsent,   // it said that there is no record
  kPresent,  // it said that there is one already
  kUnknown,  // it may have been done, or be done at any later time
};

// What a record holds, as far as the histories go.
struct RecordState {
  bool exists = false;
  int64_t version = 0;
  int64_t selector = 0;
  int64_t touched = 0;

  bool operator==(const RecordState&) const = default;
};

// One operation on the record, as its caller saw it.
struct WriteOperation {
  WriteKind kind = WriteKind::kRead;
  int64_t argument = 0;  // the new selector or the touched value
  size_t began = 0;
  size_t ended = 0;  // an unknown one has no end
  WriteResult result = WriteResult::kDone;
  RecordState seen;  // what a read returned; the version that an update returned
};

std::ostream& operator<<(std::ostream& out, const WriteOperation& operation);

// Whether some order of the operations exists in which each takes effect once, between its
// beginning and its end, and which explains every result: the record is linearizable. An operation
// of unknown result may also have no effect, or one after its end. At most 64 operations.
bool IsLinearizable(const std::vector<WriteOperation>& history);

std::string Describe(const std::vector<WriteOperation>& history);

}  // namespace atestore
