#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace atestore::fuzz {

// The words of a command line, which a fuzzer's input separates by line feeds. (Zero bytes cannot
// be in an argument; a line feed as part of one comes as \x01.)
inline std::vector<std::string> ArgumentsOf(const uint8_t* data, size_t size) {
  std::vector<std::string> arguments;
  bool open = false;
  for (size_t i = 0; i < size; ++i) {
    char byte = static_cast<char>(data[i]);
    if (byte == '\n') {
      if (!open) arguments.emplace_back();
      open = false;
      continue;
    }
    if (!open) arguments.emplace_back();
    open = true;
    arguments.back() += byte == '\x01' ? '\n' : byte == '\0' ? '0' : byte;
  }
  return arguments;
}

}  // namespace atestore::fuzz
