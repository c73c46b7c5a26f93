#include "whatsapp/client/groups/mex.h"

#include <nlohmann/json.hpp>
#include <string>

#include "runtime/json.h"

namespace whatsapp {

using base::ErrorCode;
using base::fail;
using base::Result;
using binary::Node;
using nlohmann::json;

namespace {

constexpr std::size_t kMaxAnswer = 8 * 1024 * 1024;

std::unexpected<base::Error> refused(const json& errors) {
  const json& first = errors.front();
  std::string text = "the service refused the question";
  int code = 0;
  if (first.is_object()) {
    if (const auto found = first.find("message"); found != first.end() && found->is_string())
      text += ": " + found->get<std::string>();
    const auto extensions = first.find("extensions");
    if (extensions != first.end() && extensions->is_object()) {
      const auto number = extensions->find("error_code");
      if (number != extensions->end() && number->is_number_integer()) code = number->get<int>();
    }
  }
  return fail(ErrorCode::kRejected, std::move(text), code);
}

}  // namespace

Node mex_iq(std::string_view query_id, const json& variables) {
  const json body{{"variables", variables}};
  return Node("iq")
      .with("type", "get")
      .with("xmlns", "w:mex")
      .with("to", binary::Jid::service())
      .add(Node("query").with("query_id", query_id).text(runtime::to_text(body)));
}

Result<json> read_mex(const Node& answer, std::string_view data_key) {
  const Node* result = answer.child("result");
  if (result == nullptr || result->has_attr("format"))  // "argo": a binary form that web clients do not get
    return fail(ErrorCode::kMalformed, "an answer of the service that cannot be read");
  if (result->bytes().size() > kMaxAnswer) return fail(ErrorCode::kLimit, "an answer that is too long");
  WA_TRY(json parsed, runtime::parse_json(result->text()));
  if (!parsed.is_object()) return fail(ErrorCode::kMalformed, "an answer of the service without data");
  const auto errors = parsed.find("errors");
  if (errors != parsed.end() && errors->is_array() && !errors->empty()) return refused(*errors);
  const auto data = parsed.find("data");
  if (data == parsed.end() || !data->is_object())
    return fail(ErrorCode::kMalformed, "an answer of the service without data");
  const auto found = data->find(data_key);
  if (found == data->end() || found->is_null())
    return fail(ErrorCode::kNotFound, "the service has nothing under that name");
  return *found;
}

}  // namespace whatsapp
