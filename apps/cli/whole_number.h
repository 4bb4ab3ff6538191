#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace atestore {

// For CLI::Option::transform(): a decimal whole number from `min` to `max`. CLI11 itself would read
// 010 as eight, and would replace a number that is too large by the largest one.
inline CLI::Validator WholeNumber(int64_t min, int64_t max) {
  auto check = [min, max](std::string& text) -> std::string {
    int64_t number = 0;
    if (!absl::SimpleAtoi(text, &number) || number < min || number > max) {
      return absl::StrCat("\"", text, "\" is not a whole number from ", min, " to ", max);
    }
    text = absl::StrCat(number);
    return "";
  };
  return {check, absl::StrCat(min, " to ", max)};
}

}  // namespace atestore
