#include "apps/kubectl-ate/json_path.h"

#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "core/status.h"

namespace atestore::cli {
namespace {

constexpr char kHint[] = "write {range .actors[*]}…{end} around it, or {.actors[*].FIELD}";

std::string_view Trimmed(std::string_view text) {
  return ToStd(absl::StripAsciiWhitespace(ToAbsl(text)));
}

// Takes ".actors[*]" or ".items[*]" from the front.
bool TakeActors(std::string_view* text) {
  std::string_view rest = *text;
  if (rest.starts_with("$")) rest.remove_prefix(1);
  for (const std::string_view list : {".actors[*]", ".items[*]"}) {
    if (rest.starts_with(list)) {
      *text = rest.substr(list.size());
      return true;
    }
  }
  return false;
}

}  // namespace

class JsonPathTemplate::Reader {
 public:
  Reader(std::string_view text, bool one_actor) : text_(text) {
    if (one_actor) state_ = State::kOneActor;
  }

  absl::StatusOr<JsonPathTemplate> Read() {
    while (at_ < text_.size()) {
      if (text_[at_] == '{') {
        if (absl::Status status = Braces(); !status.ok()) return status;
        continue;
      }
      const size_t end = std::min(text_.find('{', at_), text_.size());
      Literal(std::string(text_.substr(at_, end - at_)));
      at_ = end;
    }
    if (state_ == State::kInRange) return Flaw(range_, "{range} without its {end}");
    if (state_ == State::kBefore) {
      return Flaw(0, absl::StrCat("the template prints no actor: ", kHint));
    }
    return std::move(template_);
  }

 private:
  // Where the reader is: before the actors, in what is printed of each, or behind them. For one
  // actor everything is printed of it.
  enum class State { kBefore, kInRange, kBehind, kOneActor };

  absl::Status Flaw(size_t at, std::string_view what) const {
    return absl::InvalidArgumentError(absl::StrCat("jsonpath: ", PathFlaw(at, what).message()));
  }

  void Literal(std::string text) {
    switch (state_) {
      case State::kBefore:
        template_.begin_ += text;
        return;
      case State::kBehind:
        template_.end_ += text;
        return;
      case State::kInRange:
      case State::kOneActor:
        template_.pieces_.emplace_back(std::move(text));
    }
  }

  // The "}" of the "{" here, not one inside quotes.
  std::optional<size_t> EndOfBraces() const {
    char quote = 0;
    for (size_t i = at_ + 1; i < text_.size(); ++i) {
      const char c = text_[i];
      if (quote != 0) {
        if (c == '\\') {
          ++i;
        } else if (c == quote) {
          quote = 0;
        }
      } else if (c == '"' || c == '\'') {
        quote = c;
      } else if (c == '}') {
        return i;
      }
    }
    return std::nullopt;
  }

  absl::Status Braces() {
    const std::optional<size_t> end = EndOfBraces();
    if (!end) return Flaw(at_, "\"{\" without its \"}\"");
    const size_t begin = at_ + 1;
    const std::string_view whole = text_.substr(begin, *end - begin);
    const std::string_view inside = Trimmed(whole);
    const size_t place = begin + static_cast<size_t>(inside.data() - whole.data());
    at_ = *end + 1;
    if (inside.empty()) return Flaw(begin - 1, "nothing between the braces");
    if (inside.front() == '"' || inside.front() == '\'') return QuotedText(inside, place);
    if (inside == "end") return EndRange(place);
    if (inside.starts_with("range ")) return BeginRange(Trimmed(inside.substr(6)), place);
    return PathIn(inside, place);
  }

  absl::Status QuotedText(std::string_view inside, size_t place) {
    std::string text;
    size_t i = 1;
    for (; i < inside.size() && inside[i] != inside[0]; ++i) {
      if (inside[i] != '\\') {
        text += inside[i];
        continue;
      }
      constexpr std::string_view kEscapes = "n\nt\tr\r\"\"''\\\\{{}}";
      if (++i == inside.size()) break;
      size_t known = 0;
      while (known < kEscapes.size() && kEscapes[known] != inside[i]) known += 2;
      if (known >= kEscapes.size())
        return Flaw(place + i, "\\n, \\t, \\r, \\\", \\' and \\\\ are known");
      text += kEscapes[known + 1];
    }
    if (i + 1 != inside.size()) return Flaw(place, "expected one quoted text in these braces");
    Literal(std::move(text));
    return absl::OkStatus();
  }

  absl::Status BeginRange(std::string_view list, size_t place) {
    if (state_ == State::kInRange) return Flaw(place, "a range in a range is not supported");
    std::string_view rest = list;
    if (!TakeActors(&rest) || !Trimmed(rest).empty()) {
      return Flaw(place, "only {range .actors[*]} is supported");
    }
    if (absl::Status status = OnlyOnce(place); !status.ok()) return status;
    range_ = place;
    state_ = State::kInRange;
    return absl::OkStatus();
  }

  absl::Status EndRange(size_t place) {
    if (state_ != State::kInRange) return Flaw(place, "{end} without its {range}");
    state_ = State::kBehind;
    return absl::OkStatus();
  }

  absl::Status OnlyOnce(size_t place) const {
    if (state_ == State::kBefore) return absl::OkStatus();
    if (state_ == State::kOneActor) {
      return Flaw(place, "this is about one actor, not a list: {.status}");
    }
    return Flaw(place,
                "actors are printed as they arrive, so a template can list them only once; "
                "put all of it into one {range .actors[*]}…{end}");
  }

  absl::Status PathIn(std::string_view inside, size_t place) {
    std::string_view rest = inside;
    const bool of_all = TakeActors(&rest);
    if (of_all) {
      if (absl::Status status = OnlyOnce(place); !status.ok()) return status;
    } else if (state_ == State::kBefore || state_ == State::kBehind) {
      return Flaw(place, absl::StrCat("outside a range there is only .actors[*]: ", kHint));
    } else if (rest.starts_with("@") || rest.starts_with("$")) {
      rest.remove_prefix(1);
    }
    absl::StatusOr<ActorPath> path = TakeActorPath(&rest, place + inside.size() - rest.size());
    if (!path.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("jsonpath: ", path.status().message()));
    }
    if (!rest.empty()) {
      return Flaw(place + inside.size() - rest.size(),
                  absl::StrCat("\"", ToAbsl(rest), "\" is not supported"));
    }
    template_.pieces_.emplace_back(*std::move(path));
    if (of_all) {
      template_.spaced_ = true;
      state_ = State::kBehind;
    }
    return absl::OkStatus();
  }

  const std::string_view text_;
  size_t at_ = 0;
  size_t range_ = 0;
  State state_ = State::kBefore;
  JsonPathTemplate template_;
};

absl::StatusOr<JsonPathTemplate> JsonPathTemplate::Parse(std::string_view text, bool one_actor) {
  return Reader(text, one_actor).Read();
}

std::string JsonPathTemplate::TextOf(const ateapi::Actor& actor, bool first) const {
  std::string text = spaced_ && !first ? " " : "";
  for (const Piece& piece : pieces_) {
    if (const auto* literal = std::get_if<std::string>(&piece)) {
      text += *literal;
    } else {
      text += ValueAt(std::get<ActorPath>(piece), actor, " ").value_or("");
    }
  }
  return text;
}

std::vector<std::string> JsonPathTemplate::MaskPaths() const {
  std::vector<std::string> paths;
  for (const Piece& piece : pieces_) {
    const auto* path = std::get_if<ActorPath>(&piece);
    if (path == nullptr) continue;
    paths.push_back(MaskPathOf(*path));
    if (paths.back().empty()) return {};
  }
  return paths;
}

}  // namespace atestore::cli
