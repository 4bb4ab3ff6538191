#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "apps/ateapi/bound.h"

namespace atestore {

// A limited number of places; each peer can get at most its share of them. Thread-safe.
class Places {
 public:
  struct Limits {
    int64_t total = 0;
    int64_t per_peer = 0;
  };

  enum class Outcome { kTaken, kFull, kPeerHasTooMany };

  // A place, or none. The destructor gives it back; the Places must outlive it.
  class Place {
   public:
    Place() = default;
    Place(Places* places, std::string peer) : places_(places), peer_(std::move(peer)) {}
    Place(Place&& other) noexcept { *this = std::move(other); }
    Place& operator=(Place&& other) noexcept {
      Release();
      places_ = std::exchange(other.places_, nullptr);
      peer_ = std::move(other.peer_);
      return *this;
    }
    ~Place() { Release(); }

    void Release();
    explicit operator bool() const { return places_ != nullptr; }

   private:
    Places* places_ = nullptr;
    std::string peer_;
  };

  Places(Limits limits, BoundReport report) : limits_(limits), report_(std::move(report)) {}
  Places(const Places&) = delete;
  Places& operator=(const Places&) = delete;

  // Fills `place` when the outcome is kTaken.
  Outcome Take(std::string_view peer, Place* place);

  const Limits& limits() const { return limits_; }

 private:
  void Give(const std::string& peer);

  const Limits limits_;
  const BoundReport report_;
  std::mutex mutex_;
  int64_t taken_ = 0;
  std::map<std::string, int64_t, std::less<>> by_peer_;
};

}  // namespace atestore
