#include "apps/kubectl-ate/yaml.h"

#include <simdjson.h>

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/utf8.h"

namespace atestore::cli {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

bool IsPlainCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.' || c == '/';
}

// Words that some YAML parser takes for a boolean, a null or a number.
bool IsReservedWord(std::string_view text) {
  static constexpr std::string_view kWords[] = {"null", "true", "false", "yes", "no", "on",
                                                "off",  "y",    "n",     "nan", "inf"};
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(std::begin(kWords), std::end(kWords), lower) != std::end(kWords);
}

// `text` is UTF-8, as all text in JSON.
std::string DoubleQuoted(std::string_view text) {
  std::string quoted = "\"";
  while (!text.empty()) {
    const CodePoint next = FirstCodePoint(text);
    if (next.value == '"' || next.value == '\\') quoted += '\\';
    if (next.value == '\n') {
      quoted += "\\n";
    } else if (next.value == '\t') {
      quoted += "\\t";
    } else if (IsPrintable(next.value)) {
      quoted.append(text.substr(0, next.length));
    } else {
      if (next.value < 0x100) {
        absl::StrAppendFormat(&quoted, "\\x%02x", next.value);
      } else {
        absl::StrAppendFormat(&quoted, "\\u%04x", next.value);
      }
    }
    text.remove_prefix(next.length);
  }
  return quoted + "\"";
}

std::string Scalar(std::string_view text) {
  const bool letter_first =
      !text.empty() && ((text[0] >= 'a' && text[0] <= 'z') || (text[0] >= 'A' && text[0] <= 'Z'));
  const bool plain = letter_first && std::all_of(text.begin(), text.end(), IsPlainCharacter) &&
                     !IsReservedWord(text);
  return plain ? std::string(text) : DoubleQuoted(text);
}

void AppendValue(element value, size_t indent, std::string& yaml);

void AppendFields(simdjson::dom::object object, size_t indent, bool first_line_is_open,
                  std::string& yaml) {
  bool open = first_line_is_open;
  for (const simdjson::dom::key_value_pair field : object) {
    if (!open) yaml.append(indent, ' ');
    open = false;
    absl::StrAppend(&yaml, Scalar(field.key), ":");
    AppendValue(field.value, indent, yaml);
  }
}

void AppendItems(simdjson::dom::array array, size_t indent, std::string& yaml) {
  for (const element item : array) {
    yaml.append(indent, ' ');
    yaml += "-";
    if (simdjson::dom::object object; item.get(object) == simdjson::SUCCESS && object.size() > 0) {
      yaml += " ";
      AppendFields(object, indent + 2, true, yaml);
    } else {
      AppendValue(item, indent, yaml);
    }
  }
}

// After "key:" or "-": the value and the end of its line.
void AppendValue(element value, size_t indent, std::string& yaml) {
  switch (value.type()) {
    case element_type::OBJECT: {
      const simdjson::dom::object object = value;
      if (object.size() == 0) {
        yaml += " {}\n";
        return;
      }
      yaml += "\n";
      AppendFields(object, indent + 2, false, yaml);
      return;
    }
    case element_type::ARRAY: {
      const simdjson::dom::array array = value;
      if (array.size() == 0) {
        yaml += " []\n";
        return;
      }
      yaml += "\n";
      AppendItems(array, indent, yaml);
      return;
    }
    case element_type::STRING:
      absl::StrAppend(&yaml, " ", Scalar(std::string_view(value)), "\n");
      return;
    default:
      absl::StrAppend(&yaml, " ", simdjson::minify(value), "\n");
  }
}

}  // namespace

std::string YamlSequenceItem(std::string_view json) {
  simdjson::dom::parser parser;
  const simdjson::padded_string padded(json);
  simdjson::dom::object object;
  if (parser.parse(padded).get(object) != simdjson::SUCCESS) return "";
  if (object.size() == 0) return "- {}\n";
  std::string yaml = "- ";
  AppendFields(object, 2, true, yaml);
  return yaml;
}

}  // namespace atestore::cli
