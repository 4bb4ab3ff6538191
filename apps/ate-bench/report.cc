#include "apps/ate-bench/report.h"

#include <algorithm>
#include <cmath>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/status.h"

namespace atestore {

void Report::Add(std::string_view name, int64_t value) {
  figures_.push_back({std::string(name), absl::StrCat(value), false});
}

void Report::Add(std::string_view name, double value) {
  // Four significant digits are more than any of these figures deserves.
  std::string text =
      std::abs(value) >= 1000 ? absl::StrFormat("%.0f", value) : absl::StrFormat("%.4g", value);
  figures_.push_back({std::string(name), std::move(text), false});
}

void Report::Add(std::string_view name, std::string_view value) {
  figures_.push_back({std::string(name), std::string(value), true});
}

void Report::Add(std::string_view prefix, const Report& other) {
  for (Figure figure : other.figures_) {
    figure.name.insert(0, prefix);
    figures_.push_back(std::move(figure));
  }
}

std::string Report::AsJson() const {
  std::string json = "{";
  for (const Figure& figure : figures_) {
    if (json.size() > 1) json += ",";
    absl::StrAppend(&json, "\"", figure.name, "\":");
    if (!figure.quoted) {
      json += figure.value;
      continue;
    }
    json += '"';
    for (char c : figure.value) {
      if (c == '"' || c == '\\') json += '\\';
      json += c;
    }
    json += '"';
  }
  return json + "}\n";
}

std::string Report::AsTable() const {
  size_t width = 0;
  for (const Figure& figure : figures_) width = std::max(width, figure.name.size());
  std::string table;
  for (const Figure& figure : figures_) {
    absl::StrAppend(&table, figure.name, std::string(width - figure.name.size() + 2, ' '),
                    figure.value, "\n");
  }
  return table;
}

double Percentile(std::vector<double> samples, double part) {
  if (samples.empty()) return 0;
  size_t rank = static_cast<size_t>(part * static_cast<double>(samples.size() - 1));
  std::nth_element(samples.begin(), samples.begin() + static_cast<ptrdiff_t>(rank), samples.end());
  return samples[rank];
}

double PeakRssMib(std::string_view pid) {
  std::ifstream status("/proc/" + std::string(pid) + "/status");
  std::string word;
  while (status >> word) {
    double kib = 0;
    if (word == "VmHWM:" && status >> kib) return kib / 1024;
  }
  return 0;
}

}  // namespace atestore
