#include "apps/kubectl-ate/expectation.h"

#include <algorithm>

#include "apps/kubectl-ate/grammar.h"

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

void ExpectValue(const std::string& flag, const std::string& prefix, Expectation& expectation) {
  if (flag == "-a" || flag == "--atespace") {
    expectation.values = Expectation::Values::kAtespace;
  } else if (flag == "-o" || flag == "--output") {
    AddMatching({"json", "jsonl", "name", "table", "wide", "yaml"}, prefix, expectation.candidates);
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
