#include "core/listing/estimates.h"

#include <algorithm>
#include <cmath>

namespace atestore::inline v0 {
namespace {

// Sample sizes at which the new estimate gets half the weight.
constexpr double kSlotsOfSmallSample = 2;
constexpr double kKeysOfSmallSample = 50;

// Request this many times the values that are likely to fit the page, in case they are smaller.
constexpr double kFitReserve = 1.2;

// The share after a connection was lost over it, how fast it grows back, and the smallest one.
constexpr double kShareAfterLoss = 0.25;
constexpr double kShareGrowth = 2;
constexpr double kShareMin = 1.0 / 256;

double Blend(double known, double seen, double weight) { return known + (seen - known) * weight; }

}  // namespace

void Estimates::OnKeys(const KeysBatch::Density& density) {
  if (density.slots > 0) {
    hints_.keys_per_slot = Blend(hints_.keys_per_slot, density.keys / density.slots,
                                 density.slots / (density.slots + kSlotsOfSmallSample));
  }
  if (density.keys > 0) {
    hints_.wanted_ratio = Blend(hints_.wanted_ratio, density.wanted / density.keys,
                                density.keys / (density.keys + kKeysOfSmallSample));
  }
  hints_ = hints_.Clamped();
}

void Estimates::OnScan(size_t wanted, size_t count) {
  hints_.wanted_ratio = static_cast<double>(wanted) / static_cast<double>(count);
  hints_ = hints_.Clamped();
}

void Estimates::OnValues(const ValuesRead& values, const Commit& commit, bool whole) {
  examined_ += commit.examined;
  matched_ += commit.records;
  if (values.values() > 0) {
    hints_.value_bytes =
        static_cast<double>(values.value_bytes()) / static_cast<double>(values.values());
  }
  if (commit.records > 0 && !options_.keys_only) {
    hints_.record_bytes = static_cast<double>(commit.bytes) / static_cast<double>(commit.records);
  }
  hints_ = hints_.Clamped();
  // A server that closes a connection over too many bytes does so each time it is asked for as
  // many.
  if (values.error() && values.error()->lost) {
    request_share_ = std::max(request_share_ * kShareAfterLoss, kShareMin);
  } else if (whole) {
    request_share_ = std::min(request_share_ * kShareGrowth, 1.0);
  }
}

size_t Estimates::KeysFor(size_t records) const {
  if (!options_.selective) return records;
  const double share = static_cast<double>(matched_ + 1) / static_cast<double>(examined_ + 1);
  return static_cast<size_t>(std::ceil(static_cast<double>(records) / share));
}

size_t Estimates::KeysThatFit(size_t bytes) const {
  return static_cast<size_t>(static_cast<double>(bytes) / hints_.record_bytes * kFitReserve) + 1;
}

ValuesRead::Bounds Estimates::ValuesBounds(size_t bytes_left) const {
  auto share_of = [this](double keys) {
    return std::max<size_t>(static_cast<size_t>(keys * request_share_), 1);
  };
  const double part_keys = std::min(static_cast<double>(options_.values_part_keys),
                                    static_cast<double>(kValuesPartBytes) / hints_.value_bytes);
  const double depth =
      std::min(static_cast<double>(depth_.values) / part_keys,
               static_cast<double>(depth_.value_bytes_max) / (part_keys * hints_.value_bytes));
  return {.bytes_left = bytes_left,
          .mget_keys = share_of(static_cast<double>(MgetKeysFor(hints_.value_bytes))),
          .part_keys = share_of(part_keys),
          .parts_at_once = std::max(kValuesPartsAtOnce, share_of(std::ceil(depth))),
          .keys_only = options_.keys_only};
}

}  // namespace atestore::inline v0
