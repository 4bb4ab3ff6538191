#pragma once

namespace atestore {

// Ends the process with one line on standard error.
[[noreturn]] void FailCheck(const char* what, const char* file, int line);

}  // namespace atestore

// Guards that a listing which is called complete is. Stays on in release: a process that has lost
// track must not go on to say "complete".
#define CHECK_COMPLETENESS(condition) \
  ((condition) ? static_cast<void>(0) : ::atestore::FailCheck(#condition, __FILE__, __LINE__))
