#include "apps/kubectl-ate/expectation.h"

#include <algorithm>

#include "apps/kubectl-ate/grammar.h"
#include "store/codec/actor_fields.h"

namespace atestore::cli {
namespace {

const CLI::App* FindSub(const CLI::App* command, const std::string& word) {
  for (const CLI::App* sub : command->get_subcommands([](const CLI::App*) { return true; })) {
    if (sub->check_name(word)) return sub;
  }
  return nullptr;
}

const CLI::Option* FindOption(const CLI::App* command, const std::string& flag) {
  for (; command != nullptr; command = command->get_parent()) {
    if (const CLI::Option* option = command->get_option_no_throw(flag)) return option;
  }
  return nullptr;
}

void AddMatching(const std::vector<std::string>& from, const std::string& prefix,
                 std::vector<std::string>& to) {
  for (const std::string& text : from) {
    if (text.starts_with(prefix)) to.push_back(text);
  }
}

std::vector<std::string> FlagsOf(const CLI::App* command) {
  std::vector<std::string> flags;
  for (; command != nullptr; command = command->get_parent()) {
    for (const CLI::Option* option : command->get_options()) {
      for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
    }
  }
  std::sort(flags.begin(), flags.end());
  flags.erase(std::unique(flags.begin(), flags.end()), flags.end());
  return flags;
}

void Remember(const std::string& flag, const std::string& value, Expectation& expectation) {
  if (flag == "-a" || flag == "--atespace") expectation.atespace = value;
  for (const ConnectionText& text : kConnectionTexts) {
    if (flag == text.flag) expectation.connection.*text.value = value;
  }
  for (const ConnectionSwitch& connection : kConnectionSwitches) {
    if (flag == connection.flag) expectation.connection.*connection.value = true;
  }
}

// What `typed` holds behind the last of these characters, and what stands before it.
struct LastPart {
  std::string before;
  std::string part;
};
LastPart LastPartOf(const std::string& typed, const char* separators) {
  const size_t at = typed.find_last_of(separators);
  if (at == std::string::npos) return {.before = "", .part = typed};
  return {.before = typed.substr(0, at + 1), .part = typed.substr(at + 1)};
}

// A list of fields that can be compared, with commas between.
void ExpectFields(const std::string& typed, const std::string& behind, Expectation& expectation) {
  const auto [before, part] = LastPartOf(typed, ",");
  for (const ActorField& field : AllActorFields()) {
    const bool scalar = field.kind == FieldKind::kString || field.kind == FieldKind::kInt64 ||
                        field.kind == FieldKind::kEnum;
    if (!scalar || !field.path.starts_with(part)) continue;
    expectation.candidates.push_back(before + std::string(field.path) + behind);
  }
}

// The names that an enum called `path` has.
std::vector<std::string> EnumNames(const std::string& path) {
  std::vector<std::string> names;
  const ActorField* field = FindActorField(path);
  if (field == nullptr || field->kind != FieldKind::kEnum) return names;
  for (int i = 0; i < field->enumeration()->value_count(); ++i) {
    names.push_back(field->enumeration()->value(i)->name());
  }
  return names;
}

// FIELD=VALUE,FIELD=VALUE
void ExpectSelector(const std::string& typed, Expectation& expectation) {
  const auto [before, part] = LastPartOf(typed, ",");
  const size_t equals = part.find('=');
  if (equals == std::string::npos) return ExpectFields(typed, "=", expectation);
  std::string name = part.substr(0, equals);
  if (name.ends_with("!")) name.pop_back();
  for (const std::string& value : EnumNames(name)) {
    if (value.starts_with(part.substr(equals + 1))) {
      expectation.candidates.push_back(before + part.substr(0, equals + 1) + value);
    }
  }
}

// The name of a field, or of a value behind "FIELD = ".
void ExpectFilter(const std::string& typed, Expectation& expectation) {
  const auto [before, part] = LastPartOf(typed, " (=:");
  const size_t sign = before.find_last_not_of(' ');
  const bool value = sign != std::string::npos && (before[sign] == '=' || before[sign] == ':');
  std::vector<std::string> names;
  if (value) {
    std::string name = before.substr(0, sign);
    while (!name.empty() && (name.back() == ' ' || name.back() == '!')) name.pop_back();
    names = EnumNames(LastPartOf(name, " (").part);
  } else {
    for (const ActorField& field : AllActorFields()) names.emplace_back(field.path);
  }
  for (const std::string& name : names) {
    if (name.starts_with(part)) expectation.candidates.push_back(before + name);
  }
}

void ExpectValue(const std::string& flag, const std::string& prefix, Expectation& expectation) {
  if (flag == "-a" || flag == "--atespace") {
    expectation.values = Expectation::Values::kAtespace;
  } else if (flag == "-o" || flag == "--output") {
    AddMatching({"custom-columns=", "json", "jsonl", "jsonpath=", "name", "table", "wide", "yaml"},
                prefix, expectation.candidates);
  } else if (flag == "--field-selector") {
    ExpectSelector(prefix, expectation);
  } else if (flag == "--filter") {
    ExpectFilter(prefix, expectation);
  } else if (flag == "--by") {
    ExpectFields(prefix, "", expectation);
  }
}

void ExpectPositional(const Grammar& grammar, const CLI::App* command, const std::string& prefix,
                      Expectation& expectation) {
  if (command == grammar.get_actors || command == grammar.delete_actor) {
    expectation.values = Expectation::Values::kActor;
  } else if (command == grammar.get_atespaces || command == grammar.delete_atespace) {
    expectation.values = Expectation::Values::kAtespace;
  } else if (command == grammar.completion) {
    AddMatching({"bash", "fish", "zsh"}, prefix, expectation.candidates);
  } else {
    for (const CLI::App* sub : command->get_subcommands([](const CLI::App*) { return true; })) {
      AddMatching({sub->get_name()}, prefix, expectation.candidates);
    }
  }
}

bool TakesValue(const CLI::Option* option) { return option->get_items_expected_max() > 0; }

}  // namespace

Expectation WhatComesNext(const std::vector<std::string>& words) {
  const Grammar grammar;
  Expectation expectation;
  const CLI::App* command = &grammar.app;
  std::string open_flag;  // waits for its value
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string& word = words[i];
    if (!open_flag.empty()) {
      Remember(open_flag, word, expectation);
      open_flag.clear();
    } else if (word.starts_with("-")) {
      const size_t equals = word.find('=');
      const std::string flag = word.substr(0, equals);
      const CLI::Option* option = FindOption(command, flag);
      if (equals != std::string::npos) {
        Remember(flag, word.substr(equals + 1), expectation);
      } else if (option != nullptr && TakesValue(option)) {
        open_flag = flag;
      } else {
        Remember(flag, "", expectation);
      }
    } else if (const CLI::App* sub = FindSub(command, word)) {
      command = sub;
    }
  }
  const std::string last = words.empty() ? "" : words.back();
  if (!open_flag.empty()) {
    ExpectValue(open_flag, last, expectation);
  } else if (last.starts_with("-")) {
    AddMatching(FlagsOf(command), last, expectation.candidates);
  } else {
    ExpectPositional(grammar, command, last, expectation);
  }
  return expectation;
}

}  // namespace atestore::cli
