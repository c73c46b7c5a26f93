// Reading what people write into a queued message's payload. The same fact goes by different names in the
// APIs that users come from (Baileys, Evolution API, WAHA): each reader takes the names in order of
// preference. Numbers may be texts and texts may be numbers.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace worker::payload {

using Keys = std::initializer_list<const char*>;

/// The first of `keys` that is there and not null; null: none, or no object.
const nlohmann::json* find(const nlohmann::json& object, Keys keys);

std::string text(const nlohmann::json& object, Keys keys);
std::optional<double> number(const nlohmann::json& object, Keys keys);
/// Whole, from 0 to 2^32 - 1.
std::optional<std::uint32_t> count(const nlohmann::json& object, Keys keys);
std::optional<bool> truth(const nlohmann::json& object, Keys keys);
/// Of texts, or of objects that have the text under one of `inner`; a single text is a list of one.
std::vector<std::string> texts(const nlohmann::json& object, Keys keys, Keys inner, std::size_t most);

/// A phone number or JID as people write it, as JID text; empty if it is none.
std::string jid(const std::string& written);

}  // namespace worker::payload
