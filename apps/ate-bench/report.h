#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace atestore {

// The result of a benchmark: named figures in the order in which they were added, printed as a
// table for people or as one line of JSON. A value.
class Report {
 public:
  void Add(std::string_view name, int64_t value);
  void Add(std::string_view name, double value);
  void Add(std::string_view name, std::string_view value);
  // Adds all figures of another report, with `prefix` before their names.
  void Add(std::string_view prefix, const Report& other);

  std::string AsJson() const;
  std::string AsTable() const;

 private:
  struct Figure {
    std::string name;
    std::string value;
    bool quoted;
  };
  std::vector<Figure> figures_;
};

// The quantile `part` (0 … 1) of `samples`; 0 when there are none.
double Percentile(std::vector<double> samples, double part);

// The largest resident set that the process `pid` ("self", "1234") ever had; 0 when unknown.
double PeakRssMib(std::string_view pid);

}  // namespace atestore
