#include "store/codec/json_source.h"

namespace atestore::inline v0::json {

using simdjson::SUCCESS;

bool SkimUnknown(const Source& source, value& item, size_t depth_left) {
  simdjson::ondemand::json_type type;
  if (depth_left == 0 || item.type().get(type) != SUCCESS) return false;
  switch (type) {
    case simdjson::ondemand::json_type::object:
      return ForEachMember(source, item, [&](std::string_view, value& member) {
        return SkimUnknown(source, member, depth_left - 1);
      });
    case simdjson::ondemand::json_type::array:
      return ForEachElement(
          item, [&](value& element) { return SkimUnknown(source, element, depth_left - 1); });
    case simdjson::ondemand::json_type::string: {
      std::string_view text;
      return source.AsString(item, &text);
    }
    case simdjson::ondemand::json_type::number: {
      simdjson::ondemand::number number;
      return item.get_number().get(number) == SUCCESS;
    }
    case simdjson::ondemand::json_type::boolean: {
      bool boolean = false;
      return item.get_bool().get(boolean) == SUCCESS;
    }
    case simdjson::ondemand::json_type::null: {
      bool null = false;
      return item.is_null().get(null) == SUCCESS && null;
    }
  }
  return false;
}

}  // namespace atestore::inline v0::json
