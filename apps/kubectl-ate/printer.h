#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "apps/kubectl-ate/command.h"
#include "apps/kubectl-ate/records.h"

namespace atestore::cli {

// Converts records, batch by batch, into the text of one output format. The texts of Begin(), any
// number of Print() and End(), one after the other, form a valid document.
class Printer {
 public:
  virtual ~Printer() = default;
  virtual std::string Begin() { return ""; }
  virtual std::string Print(const std::vector<ateapi::Actor>& actors) = 0;
  virtual std::string Print(const std::vector<ateapi::Atespace>& atespaces) = 0;
  virtual std::string Print(const std::vector<ateapi::Worker>& workers) = 0;
  virtual std::string End() { return ""; }
};

// For records of one kind; `plural` ("actors") is the key of json and yaml.
std::unique_ptr<Printer> MakePrinter(const OutputOptions& output, std::string_view plural);

}  // namespace atestore::cli
