#include <initializer_list>
#include <string>

#include "whatsapp/message/content.h"

namespace whatsapp::message {
namespace {

std::string lines(std::initializer_list<const std::string*> texts) {
  std::string out;
  for (const std::string* text : texts) {
    if (text->empty()) continue;
    if (!out.empty()) out += '\n';
    out += *text;
  }
  return out;
}

const std::string& first_of(std::initializer_list<const std::string*> texts) {
  static const std::string kNone;
  for (const std::string* text : texts)
    if (!text->empty()) return *text;
  return kNone;
}

std::string list_of(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) {
    if (!out.empty()) out += ", ";
    out += text;
  }
  return out;
}

struct Body {
  std::string operator()(const Location& place) const { return first_of({&place.name, &place.address}); }
  std::string operator()(const Contacts& contacts) const {
    if (contacts.cards.size() == 1) return contacts.cards.front().display_name;
    return contacts.display_name;
  }
  std::string operator()(const Poll& poll) const { return poll.name; }
  std::string operator()(const PollVote& vote) const { return list_of(vote.options); }
  std::string operator()(const PollResult& result) const { return result.name; }
  std::string operator()(const Event& event) const { return event.name; }
  std::string operator()(const Interactive& part) const {
    return lines({&part.title, &part.body, &part.footer});
  }
  std::string operator()(const InteractiveReply& reply) const {
    return first_of({&reply.label, &reply.selected_id});
  }
  std::string operator()(const Order& order) const { return first_of({&order.message, &order.title}); }
  std::string operator()(const Product& product) const {
    return lines({&product.title, product.body.empty() ? &product.description : &product.body});
  }
  std::string operator()(const GroupInvite& invite) const {
    return first_of({&invite.caption, &invite.name});
  }
  std::string operator()(const ChannelInvite& invite) const {
    return first_of({&invite.caption, &invite.name});
  }
  std::string operator()(const Payment& payment) const { return payment.note; }
  std::string operator()(const CallLog& call) const { return call.title; }
  std::string operator()(const StickerPack& pack) const { return pack.name; }
  template <class Other>
  std::string operator()(const Other&) const {
    return {};
  }
};

}  // namespace

std::string readable_body(const Content& content) {
  return content.text.empty() ? std::visit(Body{}, content.part) : content.text;
}

}  // namespace whatsapp::message
