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

/// Hidden is not the same as empty: 401.
Node about_node(const Account& account) {
  const auto setting = account.privacy.find("status");
  if (setting != account.privacy.end() && setting->second == "none") return Node("status").with("code", 401);
  return Node("status").with("t", account.profile.about_at).text(account.profile.about);
}

Node picture_node(const Account& account) {
  if (!account.profile.picture_id.empty()) return Node("picture").with("id", account.profile.picture_id);
  return Node("picture").add(Node("error").with("code", 404).with("text", "item-not-found"));
}

/// The certificate holds the name and no signature.
Node business_node(const Account& account) {
  Node node("business");
  if (account.profile.business_name.empty()) return node;
  const std::string& name = account.profile.business_name;
  base::Bytes details{0x22, static_cast<std::uint8_t>(name.size())};  // verifiedName, field 4
  base::append(details, base::as_bytes(name));
  base::Bytes certificate{0x0A, static_cast<std::uint8_t>(details.size())};  // details, field 1
  base::append(certificate, details);
  node.add_child(Node("verified_name")
                     .with("v", 1)
                     .with("verified_level", "unknown")
                     .with("serial", 1)
                     .bytes(std::move(certificate)));
  return node;
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
      if (account.lid_state == Account::LidState::kKnown)
        user.add_child(Node("lid").with("val", account.lid()));
    } else if (protocol == "status") {
      user.add_child(about_node(account));
    } else if (protocol == "picture") {
      user.add_child(picture_node(account));
    } else if (protocol == "disappearing_mode") {
      user.add_child(Node("disappearing_mode")
                         .with("duration", account.profile.ephemeral_s)
                         .with("t", account.profile.ephemeral_at));
    } else if (protocol == "business") {
      user.add_child(business_node(account));
    } else if (protocol == "username") {
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
  for (const Node& protocol : query->children()) {
    Node outcome(protocol.tag());
    if (const auto fault = state.faults.take_for(Fault::Kind::kUsyncError, protocol.tag())) {
      Node error = Node("error").with("code", fault->code).with("text", "injected");
      if (fault->delay.count() > 0) error.set("backoff", std::to_string(fault->delay.count() / 1000));
      outcome.add_child(std::move(error));
    }
    result.add_child(std::move(outcome));
  }
  Node users = std::move(answer).list();
  Node::Children listed = users.take_children();
  if (state.faults.take(Fault::Kind::kUsyncShuffle)) std::ranges::reverse(listed);
  if (!listed.empty() && state.faults.take(Fault::Kind::kUsyncMissing)) listed.pop_back();
  return Node::Children{Node("usync")
                            .with("sid", usync->attr("sid"))
                            .with("mode", usync->attr("mode"))
                            .with("context", usync->attr("context"))
                            .with("index", usync->attr("index"))
                            .with("last", usync->attr("last"))
                            .add(std::move(result))
                            .add(Node("list").add(std::move(listed)))};
}

}  // namespace simulator
