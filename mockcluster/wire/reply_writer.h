#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mockcluster::inline v0 {

enum class RespVersion : uint8_t { kResp2 = 2, kResp3 = 3 };

// Appends replies in wire form to a string, in the dialect of one client. The string must outlive
// the writer.
class ReplyWriter {
 public:
  ReplyWriter(std::string* out, RespVersion version) : out_(*out), version_(version) {}

  RespVersion version() const { return version_; }
  void set_version(RespVersion version) { version_ = version; }
  // Where the replies go, for elements that were written beforehand in the same dialect.
  std::string* out() { return &out_; }

  void Simple(std::string_view text);
  void Ok() { out_.append("+OK\r\n"); }
  // `text` with its code, such as "ERR syntax error". Line ends inside become blanks.
  void Error(std::string_view text);
  void Integer(int64_t value);
  void Bulk(std::string_view text);
  void Null();       // a missing string
  void NullArray();  // an EXEC that did not happen
  void Array(size_t elements);
  void Set(size_t elements);
  // `entries` keys, each followed by its value. RESP2: a flat array.
  void Map(size_t entries);
  // Text for people, as INFO replies it.
  void Text(std::string_view text);

  // The number of error replies written.
  size_t errors() const { return errors_; }

 private:
  void Header(char marker, int64_t number);

  std::string& out_;
  RespVersion version_;
  size_t errors_ = 0;
};

}  // namespace mockcluster::inline v0
