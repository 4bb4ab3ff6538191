#pragma once

#include <CLI/CLI.hpp>
#include <cmath>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace atestore {

// For CLI::Option::check(): a decimal number from `min` to `max`. CLI::Range lets "nan" pass.
inline CLI::Validator FiniteNumber(double min, double max) {
  auto check = [min, max](const std::string& text) -> std::string {
    double number = 0;
    const bool is_number = absl::SimpleAtod(text, &number) && std::isfinite(number);
    if (is_number && number >= min && number <= max) return "";
    return absl::StrCat("\"", text, "\" is not a number from ", min, " to ", max);
  };
  return {check, absl::StrCat(min, " to ", max)};
}

}  // namespace atestore
