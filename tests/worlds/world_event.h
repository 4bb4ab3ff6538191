#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace atestore {

// What can happen in a small world. Events of nodes and keys have a target.
enum class EventKind : uint8_t {
  kBegin,         // SETSLOT IMPORTING and MIGRATING: the slot's owner to the other primary
  kMove,          // one key of the open slot
  kFinish,        // the rest of it, and SETSLOT NODE on both
  kAbortBack,     // SETSLOT STABLE, moved keys return
  kAbortCopies,   // … and stay on the destination too
  kAbortOrphans,  // … and stay out of reach
  kBeginAtomic,
  kFinishAtomic,
  kAbortAtomic,
  kFailover,   // the target, a replica, takes over by agreement
  kHandOver,   // … and its primary does not hear of it yet
  kTakeover,   // … after its primary died
  kRestart,    // of the target, with its data
  kReload,     // the target loads its data set for a while
  kDowngrade,  // the target comes back as a server with one table for all slots
  kNews,       // the target hears all there is to hear; a node cut off joins again
  kCutOff,     // the target hears nothing any more, nobody hears it
  kRecreate,   // a client deletes the target, a key, and creates it again
};

struct Event {
  EventKind kind = EventKind::kBegin;
  uint8_t target = 0;  // a node or a key, by its number

  uint8_t id() const { return static_cast<uint8_t>(static_cast<uint8_t>(kind) * 8 + target); }
  bool operator==(const Event&) const = default;
};

// "failover:3", "move"; the name of a kind alone; and back.
std::string ToString(const Event& event);
std::string_view KeyOf(EventKind kind);
std::optional<Event> ParseEvent(std::string_view text);

// Every event of a world with so many nodes and keys.
std::vector<Event> EventsOf(size_t nodes, size_t keys);

// An event and the command before which it happens, counted from the begin of the listing.
struct PlacedEvent {
  uint16_t at = 0;
  Event event;

  bool operator==(const PlacedEvent&) const = default;
};

// "12=begin,14=failover:2", and back.
std::string ToString(const std::vector<PlacedEvent>& events);
std::optional<std::vector<PlacedEvent>> ParseEvents(std::string_view text);

}  // namespace atestore
