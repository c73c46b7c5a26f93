// Reads the YAML that docs/edge-api.yaml is written in: block mappings, block lists and one-line flow values.
// Enough to compare a description with a program; not a YAML parser.
#pragma once

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace edge_server {

class YamlSubset {
 public:
  static nlohmann::json parse(std::string_view text) {
    YamlSubset reader(text);
    return reader.block(0);
  }

 private:
  struct Line {
    std::size_t indent;
    std::string text;
  };

  explicit YamlSubset(std::string_view text) {
    while (!text.empty()) {
      const auto end = text.find('\n');
      const auto line = text.substr(0, end);
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
      const auto first = line.find_first_not_of(' ');
      if (first == std::string_view::npos || line[first] == '#') continue;
      lines_.push_back({first, std::string{line.substr(first)}});
    }
  }

  nlohmann::json block(std::size_t indent) {
    return lines_.at(at_).text.starts_with("- ") ? list(indent) : mapping(indent);
  }

  nlohmann::json list(std::size_t indent) {
    auto out = nlohmann::json::array();
    while (at_ < lines_.size() && lines_[at_].indent == indent && lines_[at_].text.starts_with("- ")) {
      // "- key: value" is a mapping two columns further in.
      lines_[at_].text.erase(0, 2);
      lines_[at_].indent += 2;
      out.push_back(mapping(indent + 2));
    }
    return out;
  }

  nlohmann::json mapping(std::size_t indent) {
    auto out = nlohmann::json::object();
    while (at_ < lines_.size() && lines_[at_].indent == indent && !lines_[at_].text.starts_with("- ")) {
      const std::string line = lines_[at_++].text;
      const auto colon = line.find(line.ends_with(':') && line.find(": ") == std::string::npos ? ":" : ": ");
      if (colon == std::string::npos) throw std::runtime_error("not a mapping: " + line);
      const auto key = unquoted(line.substr(0, colon));
      if (out.contains(key)) throw std::runtime_error("twice: " + line);
      if (colon + 1 < line.size()) {
        std::string_view rest{line};
        rest.remove_prefix(colon + 2);
        out[key] = flow(rest);
      } else {
        if (at_ >= lines_.size() || lines_[at_].indent <= indent) throw std::runtime_error("empty: " + line);
        out[key] = block(lines_[at_].indent);
      }
    }
    if (at_ < lines_.size() && lines_[at_].indent > indent)
      throw std::runtime_error("indented too far: " + lines_[at_].text);
    return out;
  }

  static nlohmann::json flow(std::string_view& text) {
    if (text.starts_with('[')) return flow_list(text);
    if (text.starts_with('{')) return flow_mapping(text);
    return scalar(text, "");
  }
  static nlohmann::json flow_list(std::string_view& text) {
    auto out = nlohmann::json::array();
    text.remove_prefix(1);
    while (skip(text), !text.starts_with(']')) out.push_back(inner(text));
    text.remove_prefix(1);
    return out;
  }
  static nlohmann::json flow_mapping(std::string_view& text) {
    auto out = nlohmann::json::object();
    text.remove_prefix(1);
    while (skip(text), !text.starts_with('}')) {
      const auto key = scalar(text, ":");
      text.remove_prefix(1);
      skip(text);
      out[key.get<std::string>()] = inner(text);
    }
    text.remove_prefix(1);
    return out;
  }
  static nlohmann::json inner(std::string_view& text) {
    if (text.starts_with('[')) return flow_list(text);
    if (text.starts_with('{')) return flow_mapping(text);
    return scalar(text, ",]}");
  }
  // Up to one of `ends`; a quoted one up to its quote.
  static nlohmann::json scalar(std::string_view& text, std::string_view ends) {
    if (text.empty()) throw std::runtime_error("a value is missing");
    std::size_t length = text.size();
    if (text.front() == '"' || text.front() == '\'') {
      length = text.find(text.front(), 1) + 1;
    } else if (!ends.empty()) {
      length = text.find_first_of(ends);
    }
    if (length == std::string_view::npos || length == 0) throw std::runtime_error("a value does not end");
    const std::string word{text.substr(0, length)};
    text.remove_prefix(length);
    return unquoted(word);
  }
  static void skip(std::string_view& text) {
    while (text.starts_with(' ') || text.starts_with(',')) text.remove_prefix(1);
    if (text.empty()) throw std::runtime_error("a flow value does not end");
  }
  static std::string unquoted(const std::string& text) {
    if (text.size() >= 2 && (text.front() == '"' || text.front() == '\''))
      return text.substr(1, text.size() - 2);
    return text;
  }

  std::vector<Line> lines_;
  std::size_t at_ = 0;
};

}  // namespace edge_server
