#pragma once

namespace atestore::inline v0 {

// Ends the process with one line on standard error.
[[noreturn]] void FailCheck(const char* what, const char* file, int line);

}  // namespace atestore::inline v0

// Checks an invariant on which the completeness of a listing depends, and ends the process if it
// does not hold. Active in release builds too: a process in a wrong state must not report a listing
// as complete.
#define CHECK_COMPLETENESS(condition) \
  ((condition) ? static_cast<void>(0) : ::atestore::FailCheck(#condition, __FILE__, __LINE__))
