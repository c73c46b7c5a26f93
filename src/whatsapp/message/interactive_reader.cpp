#include <nlohmann/json.hpp>
#include <string_view>

#include "whatsapp/message/bounded_text.h"
#include "whatsapp/message/media_reader.h"
#include "whatsapp/message/part_reader.h"

namespace whatsapp::message {
namespace {

using Choice = Interactive::Choice;
using Json = nlohmann::json;
using proto::Message;

constexpr std::size_t kMostChoices = 256;
constexpr int kMostLevels = 16;  // of JSON in the parameters of native flows

template <class Wire>
bool parse(const std::string& bytes, Wire& wire) {
  return !bytes.empty() && wire.ParseFromString(bytes);
}

void add(Choice choice, Interactive& out) {
  if (out.choices.size() < kMostChoices) out.choices.push_back(std::move(choice));
}

/// The parameters of a native flow: JSON that a business wrote, so anything at all.
Json params_of(const std::string& text) {
  if (text.size() > kLongestLongText) return {};
  const auto shallow = [](int depth, Json::parse_event_t, Json&) { return depth <= kMostLevels; };
  Json json = Json::parse(text, shallow, /*allow_exceptions=*/false);
  return json.is_object() ? json : Json{};
}

std::string text_at(const Json& object, const char* key) {
  if (!object.is_object()) return {};
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? short_text(found->get_ref<const std::string&>())
                                                     : std::string{};
}

void add_rows(const Json& params, Interactive& out) {
  const auto sections = params.find("sections");
  if (sections == params.end() || !sections->is_array()) return;
  for (const Json& section : *sections) {
    const auto rows = section.is_object() ? section.find("rows") : section.end();
    if (!section.is_object() || rows == section.end() || !rows->is_array()) continue;
    for (const Json& row : *rows)
      add({text_at(row, "id"), text_at(row, "title"), text_at(row, "description"), "row", {}}, out);
  }
}

void add_native_flow(const std::string& name, const std::string& params_json, Interactive& out) {
  const Json params = params_of(params_json);
  const std::string label = text_at(params, "display_text");
  if (name == "quick_reply") {
    add({text_at(params, "id"), label, {}, "reply", {}}, out);
  } else if (name == "cta_url") {
    add({text_at(params, "id"), label, {}, "url", text_at(params, "url")}, out);
  } else if (name == "cta_call") {
    add({text_at(params, "id"), label, {}, "call", text_at(params, "phone_number")}, out);
  } else if (name == "cta_copy") {
    add({text_at(params, "id"), label, {}, "copy", text_at(params, "copy_code")}, out);
  } else if (name == "single_select" && params.is_object()) {
    out.button = text_at(params, "title");
    add_rows(params, out);
  } else {
    add({{}, label, {}, short_text(name), long_text(params_json)}, out);
  }
}

void read_buttons(const proto::ButtonsMessage& wire, Interactive& out, Content& content) {
  out.form = "buttons";
  out.title = short_text(wire.text());
  out.body = sanitised(wire.content_text());
  out.footer = short_text(wire.footer_text());
  for (const auto& button : wire.buttons()) {
    if (button.has_native_flow_info()) {
      add_native_flow(button.native_flow_info().name(), button.native_flow_info().params_json(), out);
    } else {
      add({short_text(button.button_id()), short_text(button.button_text().display_text()), {}, "reply", {}},
          out);
    }
  }
  content.media = header_in(wire.image_message(), wire.video_message(), wire.document_message());
  read_part_context(wire.context_info(), content);
}

void read_list(const proto::ListMessage& wire, Interactive& out, Content& content) {
  out.form = "list";
  out.title = short_text(wire.title());
  out.body = sanitised(wire.description());
  out.footer = short_text(wire.footer_text());
  out.button = short_text(wire.button_text());
  for (const auto& section : wire.sections())
    for (const auto& row : section.rows())
      add({short_text(row.row_id()), short_text(row.title()), short_text(row.description()), "row", {}}, out);
  read_part_context(wire.context_info(), content);
}

void read_flows(const proto::InteractiveMessage& wire, Interactive& out, Content& content) {
  out.form = "interactive";
  out.title = short_text(wire.header().title());
  out.body = sanitised(wire.body().text());
  out.footer = short_text(wire.footer().text());
  for (const auto& button : wire.native_flow_message().buttons())
    add_native_flow(button.name(), button.button_params_json(), out);
  for (const auto& card : wire.carousel_message().cards())
    for (const auto& button : card.native_flow_message().buttons())
      add_native_flow(button.name(), button.button_params_json(), out);
  const auto& header = wire.header();
  content.media = header_in(header.image_message(), header.video_message(), header.document_message());
  read_part_context(wire.context_info(), content);
}

void read_hydrated(const proto::HydratedTemplate& wire, Interactive& out, Content& content) {
  out.form = "template";
  out.title = short_text(wire.hydrated_title_text());
  out.body = sanitised(wire.hydrated_content_text());
  out.footer = short_text(wire.hydrated_footer_text());
  for (const auto& button : wire.hydrated_buttons()) {
    if (button.has_quick_reply_button()) {
      const auto& reply = button.quick_reply_button();
      add({short_text(reply.id()), short_text(reply.display_text()), {}, "reply", {}}, out);
    } else if (button.has_url_button()) {
      const auto& link = button.url_button();
      add({{}, short_text(link.display_text()), {}, "url", short_text(link.url())}, out);
    } else if (button.has_call_button()) {
      const auto& call = button.call_button();
      add({{}, short_text(call.display_text()), {}, "call", short_text(call.phone_number())}, out);
    }
  }
  content.media = header_in(wire.image_message(), wire.video_message(), wire.document_message());
}

void read_template(const proto::TemplateMessage& wire, Interactive& out, Content& content) {
  if (wire.has_interactive_message_template()) {
    read_flows(wire.interactive_message_template(), out, content);
  } else {
    const bool four_rows = wire.has_hydrated_four_row_template() && !wire.has_hydrated_template();
    read_hydrated(four_rows ? wire.hydrated_four_row_template() : wire.hydrated_template(), out, content);
  }
  out.form = "template";
  read_part_context(wire.context_info(), content);
}

void read_structured(const proto::HighlyStructuredMessage& wire, Interactive& out, Content& content) {
  if (wire.has_hydrated_hsm()) read_template(wire.hydrated_hsm(), out, content);
  out.form = "hsm";
  if (out.title.empty()) out.title = short_text(wire.element_name());
  if (!out.body.empty()) return;
  for (const std::string& param : wire.params()) {
    if (out.body.size() > kLongestLongText) break;
    if (!out.body.empty()) out.body += ", ";
    out.body += short_text(param);
  }
}

}  // namespace

void read_interactive(const Message& message, Content& out) {
  Interactive part;
  proto::ButtonsMessage buttons;
  proto::ListMessage list;
  proto::TemplateMessage hydrated;
  proto::InteractiveMessage flows;
  proto::HighlyStructuredMessage structured;
  if (parse(message.highly_structured_message(), structured)) {
    read_structured(structured, part, out);
  } else if (parse(message.template_message(), hydrated)) {
    read_template(hydrated, part, out);
  } else if (parse(message.list_message(), list)) {
    read_list(list, part, out);
  } else if (parse(message.buttons_message(), buttons)) {
    read_buttons(buttons, part, out);
  } else if (parse(message.interactive_message(), flows)) {
    read_flows(flows, part, out);
  }
  out.part = std::move(part);
}

void read_interactive_reply(const Message& message, Content& out) {
  InteractiveReply part;
  proto::ButtonsResponseMessage button;
  proto::ListResponseMessage row;
  proto::TemplateButtonReplyMessage from_template;
  proto::InteractiveResponseMessage flow;
  if (parse(message.template_button_reply_message(), from_template)) {
    part = {.form = "template",
            .selected_id = short_text(from_template.selected_id()),
            .label = short_text(from_template.selected_display_text())};
    read_part_context(from_template.context_info(), out);
  } else if (parse(message.list_response_message(), row)) {
    part = {.form = "list",
            .selected_id = short_text(row.single_select_reply().selected_row_id()),
            .label = short_text(row.title()),
            .description = short_text(row.description())};
    read_part_context(row.context_info(), out);
  } else if (parse(message.buttons_response_message(), button)) {
    part = {.form = "buttons",
            .selected_id = short_text(button.selected_button_id()),
            .label = short_text(button.selected_display_text())};
    read_part_context(button.context_info(), out);
  } else if (parse(message.interactive_response_message(), flow)) {
    const auto& answer = flow.native_flow_response_message();
    part = {.form = "native_flow", .label = sanitised(flow.body().text())};
    part.params_json = long_text(answer.params_json());
    part.selected_id = text_at(params_of(answer.params_json()), "id");
    part.description = short_text(answer.name());
    read_part_context(flow.context_info(), out);
  }
  out.part = std::move(part);
}

}  // namespace whatsapp::message
