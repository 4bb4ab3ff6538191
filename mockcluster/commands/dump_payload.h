#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mockcluster::inline v0 {

// The reply to DUMP for a string: RDB type 0, the string, RDB version (2 bytes), CRC-64 (8 bytes,
// little-endian). The string is plain or integer encoded, never compressed.
std::string EncodeDump(std::string_view value);

// The string in a DUMP payload, which may come from a real server (plain, integer or LZF encoded).
// nullopt when the checksum is wrong, the version is too new or the value is not a string.
std::optional<std::string> DecodeDump(std::string_view payload);

// CRC-64 as RDB files use it ("Jones" polynomial, reflected, initial value 0):
// Crc64("123456789") == 0xe9c6d914c4b8d9ca.
uint64_t Crc64(std::string_view bytes);

}  // namespace mockcluster::inline v0
