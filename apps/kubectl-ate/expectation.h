#pragma once

#include <string>
#include <vector>

#include "apps/kubectl-ate/command.h"

namespace atestore::cli {

// What may come at the end of a command line, without asking the service.
struct Expectation {
  // Sub-commands, flags or fixed values that begin with the last word.
  std::vector<std::string> candidates;
  // The last word is a value that only the service knows.
  enum class Values { kNone, kActor, kAtespace } values = Values::kNone;
  std::string atespace;  // of the command line so far
  ConnectionOptions connection;
};

// For `words` (without the program's name), of which the last one is being typed and may be empty.
Expectation WhatComesNext(const std::vector<std::string>& words);

}  // namespace atestore::cli
