#include "mockcluster/commands/dump_payload.h"

#include <array>

#include "mockcluster/commands/arguments.h"

namespace mockcluster::inline v0 {
namespace {

constexpr char kStringType = 0;
constexpr uint16_t kRdbVersion = 10;     // Redis 7.0
constexpr uint16_t kRdbVersionMax = 11;  // Valkey 8.0
constexpr size_t kFooterBytes = 10;      // version and checksum

constexpr std::array<uint64_t, 256> MakeCrc64Table() {
  constexpr uint64_t kReflectedPolynomial = 0x95AC9329AC4BC9B5u;
  std::array<uint64_t, 256> table{};
  for (uint64_t byte = 0; byte < table.size(); ++byte) {
    uint64_t crc = byte;
    for (int bit = 0; bit < 8; ++bit)
      crc = (crc & 1) ? (crc >> 1) ^ kReflectedPolynomial : crc >> 1;
    table[byte] = crc;
  }
  return table;
}

constexpr std::array<uint64_t, 256> kCrc64Table = MakeCrc64Table();

template <typename Integer>
void AppendLittleEndian(Integer value, size_t bytes, std::string& out) {
  for (size_t index = 0; index < bytes; ++index) {
    out.push_back(static_cast<char>(static_cast<uint64_t>(value) >> (8 * index)));
  }
}

// Bytes of a payload, read from the front. Every read may find too few.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  bool done() const { return bytes_.empty(); }

  std::optional<std::string_view> Take(size_t count) {
    if (bytes_.size() < count) return std::nullopt;
    std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }

  std::optional<uint64_t> TakeNumber(size_t bytes, bool big_endian) {
    std::optional<std::string_view> taken = Take(bytes);
    if (!taken) return std::nullopt;
    uint64_t number = 0;
    for (size_t index = 0; index < bytes; ++index) {
      size_t at = big_endian ? index : bytes - 1 - index;
      number = number << 8 | static_cast<uint8_t>((*taken)[at]);
    }
    return number;
  }

 private:
  std::string_view bytes_;
};

struct Length {
  uint64_t value;
  bool is_encoding;  // `value` names a special encoding of a string
};

std::optional<Length> TakeLength(Reader& reader) {
  std::optional<uint64_t> first = reader.TakeNumber(1, true);
  if (!first) return std::nullopt;
  std::optional<uint64_t> rest;
  switch (*first >> 6) {
    case 0:
      return Length{*first & 0x3F, false};
    case 1:
      rest = reader.TakeNumber(1, true);
      if (!rest) return std::nullopt;
      return Length{(*first & 0x3F) << 8 | *rest, false};
    case 2:
      rest = reader.TakeNumber(*first == 0x81 ? 8 : 4, true);
      if (!rest) return std::nullopt;
      return Length{*rest, false};
    default:
      return Length{*first & 0x3F, true};
  }
}

// LZF, as liblzf writes it.
std::optional<std::string> Decompress(std::string_view compressed, size_t length) {
  std::string out;
  Reader reader(compressed);
  while (!reader.done()) {
    uint64_t control = *reader.TakeNumber(1, true);
    if (control < 32) {
      std::optional<std::string_view> literal = reader.Take(control + 1);
      if (!literal) return std::nullopt;
      out.append(*literal);
      continue;
    }
    uint64_t count = control >> 5;
    std::optional<uint64_t> more = count == 7 ? reader.TakeNumber(1, true) : 0;
    std::optional<uint64_t> low = more ? reader.TakeNumber(1, true) : std::nullopt;
    if (!low) return std::nullopt;
    count += *more + 2;
    uint64_t distance = ((control & 0x1F) << 8 | *low) + 1;
    if (distance > out.size() || out.size() + count > length) return std::nullopt;
    for (uint64_t index = 0; index < count; ++index) out.push_back(out[out.size() - distance]);
  }
  if (out.size() != length) return std::nullopt;
  return out;
}

std::optional<std::string> TakeString(Reader& reader) {
  std::optional<Length> length = TakeLength(reader);
  if (!length) return std::nullopt;
  if (!length->is_encoding) {
    std::optional<std::string_view> plain = reader.Take(length->value);
    if (!plain) return std::nullopt;
    return std::string(*plain);
  }
  if (length->value <= 2) {
    std::optional<uint64_t> number = reader.TakeNumber(size_t{1} << length->value, false);
    if (!number) return std::nullopt;
    if (length->value == 0) return std::to_string(static_cast<int8_t>(*number));
    if (length->value == 1) return std::to_string(static_cast<int16_t>(*number));
    return std::to_string(static_cast<int32_t>(*number));
  }
  if (length->value != 3) return std::nullopt;
  std::optional<Length> compressed = TakeLength(reader);
  std::optional<Length> whole = compressed ? TakeLength(reader) : std::nullopt;
  if (!whole || compressed->is_encoding || whole->is_encoding) return std::nullopt;
  std::optional<std::string_view> bytes = reader.Take(compressed->value);
  if (!bytes) return std::nullopt;
  return Decompress(*bytes, whole->value);
}

void AppendString(std::string_view value, std::string& out) {
  std::optional<int64_t> number = value.size() <= 11 ? ParseInteger(value) : std::nullopt;
  if (number && *number == static_cast<int8_t>(*number)) {
    out.push_back(static_cast<char>(0xC0));
    AppendLittleEndian(*number, 1, out);
  } else if (number && *number == static_cast<int16_t>(*number)) {
    out.push_back(static_cast<char>(0xC1));
    AppendLittleEndian(*number, 2, out);
  } else if (number && *number == static_cast<int32_t>(*number)) {
    out.push_back(static_cast<char>(0xC2));
    AppendLittleEndian(*number, 4, out);
  } else {
    if (value.size() < 64) {
      out.push_back(static_cast<char>(value.size()));
    } else if (value.size() < 16384) {
      out.push_back(static_cast<char>(0x40 | value.size() >> 8));
      out.push_back(static_cast<char>(value.size()));
    } else {
      out.push_back(static_cast<char>(0x80));
      for (int shift = 24; shift >= 0; shift -= 8) {
        out.push_back(static_cast<char>(value.size() >> shift));
      }
    }
    out.append(value);
  }
}

}  // namespace

uint64_t Crc64(std::string_view bytes) {
  uint64_t crc = 0;
  for (unsigned char byte : bytes) crc = kCrc64Table[(crc ^ byte) & 0xFF] ^ (crc >> 8);
  return crc;
}

std::string EncodeDump(std::string_view value) {
  std::string payload(1, kStringType);
  AppendString(value, payload);
  AppendLittleEndian(kRdbVersion, 2, payload);
  AppendLittleEndian(Crc64(payload), 8, payload);
  return payload;
}

std::optional<std::string> DecodeDump(std::string_view payload) {
  if (payload.size() < kFooterBytes) return std::nullopt;
  std::string_view footer = payload.substr(payload.size() - kFooterBytes);
  Reader version(footer);
  if (*version.TakeNumber(2, false) > kRdbVersionMax) return std::nullopt;
  uint64_t checksum = *version.TakeNumber(8, false);
  if (checksum != Crc64(payload.substr(0, payload.size() - 8))) return std::nullopt;
  Reader body(payload.substr(0, payload.size() - kFooterBytes));
  std::optional<uint64_t> type = body.TakeNumber(1, true);
  if (type != static_cast<uint64_t>(kStringType)) return std::nullopt;
  std::optional<std::string> value = TakeString(body);
  if (!body.done()) return std::nullopt;
  return value;
}

}  // namespace mockcluster::inline v0
