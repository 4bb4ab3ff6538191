#include "store/codec/json_patch.h"

#include <cstddef>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "core/status.h"

namespace atestore::inline v0 {
namespace {

// A member of the outermost object: text[begin, end), its value text[value, end).
struct Member {
  std::string name;
  size_t begin = 0;
  size_t value = 0;
  size_t end = 0;
};

struct Members {
  size_t open = 0;  // just behind the brace
  std::vector<Member> list;
};

bool IsQuote(char c) { return c == '"' || c == '\''; }

// Finds where members begin and end. What is between is not judged: a decoder has done that.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::optional<Members> ScanObject() {
    SkipSpace();
    if (!Take('{')) return std::nullopt;
    Members members{.open = at_};
    for (;;) {
      SkipSpace();
      if (Take('}')) return members;
      if (!members.list.empty() && !TakeComma()) return std::nullopt;
      if (Take('}')) return members;  // behind a last comma
      std::optional<Member> member = ScanMember();
      if (!member) return std::nullopt;
      members.list.push_back(*std::move(member));
    }
  }

 private:
  bool AtEnd() const { return at_ >= text_.size(); }
  void SkipSpace() {
    while (!AtEnd() && absl::ascii_isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }
  bool Take(char wanted) {
    if (AtEnd() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  bool TakeComma() {
    if (!Take(',')) return false;
    SkipSpace();
    return true;
  }

  std::optional<Member> ScanMember() {
    Member member{.begin = at_};
    if (AtEnd()) return std::nullopt;
    if (IsQuote(text_[at_])) {
      const size_t start = at_ + 1;
      if (!SkipString()) return std::nullopt;
      member.name = Unescaped(text_.substr(start, at_ - 1 - start));
    } else {
      SkipWord();
      member.name = std::string(text_.substr(member.begin, at_ - member.begin));
    }
    SkipSpace();
    if (!Take(':')) return std::nullopt;
    SkipSpace();
    member.value = at_;
    if (!SkipValue() || at_ == member.value) return std::nullopt;
    member.end = at_;
    return member;
  }

  // From the opening quote to behind the closing one.
  bool SkipString() {
    const char quote = text_[at_++];
    while (!AtEnd()) {
      const char c = text_[at_++];
      if (c == quote) return true;
      if (c == '\\') ++at_;
    }
    return false;
  }

  // A number, a literal or a name without quotes.
  void SkipWord() {
    constexpr std::string_view kEnds = ",:{}[]\"'";
    while (!AtEnd() && !absl::ascii_isspace(static_cast<unsigned char>(text_[at_])) &&
           kEnds.find(text_[at_]) == std::string_view::npos) {
      ++at_;
    }
  }

  bool SkipValue() {
    if (AtEnd()) return false;
    if (IsQuote(text_[at_])) return SkipString();
    if (text_[at_] != '{' && text_[at_] != '[') {
      SkipWord();
      return true;
    }
    size_t depth = 0;
    while (!AtEnd()) {
      const char c = text_[at_];
      if (IsQuote(c)) {
        if (!SkipString()) return false;
        continue;
      }
      ++at_;
      if (c == '{' || c == '[') ++depth;
      if ((c == '}' || c == ']') && --depth == 0) return true;
    }
    return false;
  }

  // Right for the names that are looked for, which are ASCII; others only stay different from them.
  static std::string Unescaped(std::string_view text) {
    if (text.find('\\') == std::string_view::npos) return std::string(text);
    constexpr size_t kHexDigits = 4;
    std::string plain;
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '\\' || i + 1 >= text.size()) {
        plain += text[i];
        continue;
      }
      ++i;
      if (text[i] != 'u') {
        plain += absl::StrCat("\\", ToAbsl(text.substr(i, 1)));
        continue;
      }
      unsigned code = 0;
      for (size_t digit = 1; digit <= kHexDigits; ++digit) {
        const char c = i + digit < text.size() ? text[i + digit] : 'x';
        if (!absl::ascii_isxdigit(static_cast<unsigned char>(c))) return std::string(text);
        const bool is_digit = absl::ascii_isdigit(static_cast<unsigned char>(c));
        code = code * 16 + static_cast<unsigned>(is_digit ? c - '0' : (c | 0x20) - 'a' + 10);
      }
      i += kHexDigits;
      if (code >= 0x80 || code == '\\') return std::string(text);
      plain += static_cast<char>(code);
    }
    return plain;
  }

  const std::string_view text_;
  size_t at_ = 0;
};

bool IsNamed(const Member& member, std::string_view name, std::string_view other_name) {
  return member.name == name || (!other_name.empty() && member.name == other_name);
}

const JsonMemberChange* ChangeOf(const Member& member, std::span<const JsonMemberChange> changes) {
  for (const JsonMemberChange& change : changes) {
    if (IsNamed(member, change.name, change.other_name)) return &change;
  }
  return nullptr;
}

}  // namespace

absl::StatusOr<std::string> PatchJsonObject(std::string_view json,
                                            std::span<const JsonMemberChange> changes) {
  std::optional<Members> members = Scanner(json).ScanObject();
  if (!members) return InvalidArgumentError("the value is not a JSON object");
  std::string patched(json.substr(0, members->open));
  std::vector<bool> done(changes.size());
  size_t end = members->open;  // of the member before, kept or not
  bool empty = true;
  for (const Member& member : members->list) {
    const JsonMemberChange* change = ChangeOf(member, changes);
    const std::string_view separator = json.substr(end, member.begin - end);
    const bool is_first = end == members->open;
    end = member.end;
    if (change != nullptr) {
      const auto index = static_cast<size_t>(change - changes.data());
      if (!change->value || done[index]) continue;
      done[index] = true;
    }
    // White space at the beginning stays; the comma of a first member that went does not.
    if (is_first || !empty) patched += separator;
    empty = false;
    if (change == nullptr) {
      patched += json.substr(member.begin, member.end - member.begin);
    } else {
      patched += json.substr(member.begin, member.value - member.begin);
      patched += *change->value;
    }
  }
  for (size_t i = 0; i < changes.size(); ++i) {
    if (!changes[i].value || done[i]) continue;
    absl::StrAppend(&patched, empty ? "\"" : ",\"", ToAbsl(changes[i].name),
                    "\":", *changes[i].value);
    empty = false;
  }
  return patched += json.substr(end);
}

std::optional<std::string_view> FindJsonMember(std::string_view json, std::string_view name,
                                               std::string_view other_name) {
  std::optional<Members> members = Scanner(json).ScanObject();
  if (!members) return std::nullopt;
  for (const Member& member : members->list) {
    if (IsNamed(member, name, other_name)) {
      return json.substr(member.value, member.end - member.value);
    }
  }
  return std::nullopt;
}

std::optional<std::string_view> FindJsonText(std::string_view json, std::string_view name) {
  std::optional<std::string_view> value = FindJsonMember(json, name);
  constexpr size_t kQuotes = 2;
  if (!value || value->size() < kQuotes || !IsQuote(value->front())) return std::nullopt;
  std::string_view text = value->substr(1, value->size() - kQuotes);
  if (text.find('\\') != std::string_view::npos) return std::nullopt;
  return text;
}

}  // namespace atestore::inline v0
