#include "simulator/usync.h"

#include <algorithm>

#include "simulator/device_list.h"

namespace simulator {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

bool is_number(std::string_view text) {
  const std::size_t at = text.find('@');
  std::string_view digits = text.substr(0, at);
  if (digits.starts_with('+')) digits.remove_prefix(1);
  return digits.size() >= 5 && digits.size() <= 15 &&
         std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
}

/// One <user> of the answer, keyed by account so that two spellings of a number collapse into one.
struct Entry {
  const Account* account = nullptr;
  Node node{"user"};
};

class Answer {
 public:
  Answer(ServerState& state, Account& asker, const Node& query)
      : state_(state), asker_(asker), query_(query) {}

  void add(const Node& user) {
    const Node* contact = user.child("contact");
    if (contact != nullptr && !user.has_attr("jid")) {
      add_number(contact->text());
      return;
    }
    const auto jid = user.jid("jid");
    if (!jid) return;
    Account* account = state_.directory.account(*jid);
    if (account == nullptr) {
      entries_.push_back({nullptr, Node("user").with("jid", *jid)});
      return;
    }
    add_account(*account, addressing_of(*jid), *jid);
  }

  Node list() && {
    Node list("list");
    for (Entry& entry : entries_) list.add_child(std::move(entry.node));
    return list;
  }

 private:
  void add_number(std::string_view text) {
    const std::string echo{text};
    if (!is_number(text)) {
      entries_.push_back(
          {nullptr,
           Node("user").with("jid", "undefined").add(Node("contact").with("type", "invalid").text(echo))});
      return;
    }
    Account* account = state_.directory.by_number(text);
    if (account == nullptr) {
      entries_.push_back({nullptr, Node("user").add(Node("contact").with("type", "out").text(echo))});
      return;
    }
    const Node* protocol = query_.child("contact");
    const bool by_lid = protocol != nullptr && protocol->attr_is("addressing_mode", "lid");
    const Addressing form = by_lid ? Addressing::kLid : Addressing::kPn;
    Entry& entry = add_account(*account, form, account->jid(form));
    if (by_lid) entry.node.set("pn_jid", account->pn());
    entry.node.add_child(Node("contact").with("type", "in").text(echo));
  }

  Entry& add_account(Account& account, Addressing form, const Jid& jid) {
    const auto known = std::ranges::find(entries_, &account, &Entry::account);
    if (known != entries_.end() && known->node.attr_is("jid", jid.bare().to_string())) return *known;
    account.acquaintances.insert(&asker_);
    Entry entry{&account, Node("user").with("jid", jid.bare())};
    for (const Node& protocol : query_.children()) answer_protocol(entry.node, protocol.tag(), account, form);
    return entries_.emplace_back(std::move(entry));
  }

  void answer_protocol(Node& user, std::string_view protocol, const Account& account, Addressing form) {
    if (protocol == "devices") {
      user.add_child(device_list_node(account, form));
    } else if (protocol == "lid") {
      user.add_child(Node("lid").with("val", account.lid()));
    } else if (protocol == "status") {
      user.add_child(Node("status").with("t", 0).text(""));
    } else if (protocol == "picture") {
      user.add_child(Node("picture").add(Node("error").with("code", 404).with("text", "item-not-found")));
    } else if (protocol == "disappearing_mode") {
      user.add_child(Node("disappearing_mode").with("duration", 0).with("t", 0));
    } else if (protocol == "business" || protocol == "username") {
      user.add_child(Node(protocol));
    }
  }

  ServerState& state_;
  Account& asker_;
  const Node& query_;
  std::vector<Entry> entries_;
};

}  // namespace

Result<Node::Children> answer_usync(ServerState& state, Account& asker, const Node& iq) {
  const Node* usync = iq.child("usync");
  const Node* query = usync == nullptr ? nullptr : usync->child("query");
  const Node* list = usync == nullptr ? nullptr : usync->child("list");
  if (query == nullptr || list == nullptr) return fail(ErrorCode::kRejected, "bad-request", 400);
  ++state.counters.usyncs;

  Answer answer(state, asker, *query);
  for (const Node* user : list->children("user")) answer.add(*user);
  Node result("result");
  for (const Node& protocol : query->children()) result.add_child(Node(protocol.tag()));
  return Node::Children{Node("usync")
                            .with("sid", usync->attr("sid"))
                            .with("mode", usync->attr("mode"))
                            .with("context", usync->attr("context"))
                            .with("index", usync->attr("index"))
                            .with("last", usync->attr("last"))
                            .add(std::move(result))
                            .add(std::move(answer).list())};
}

}  // namespace simulator
