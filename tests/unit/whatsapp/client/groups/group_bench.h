// A desk bench with groups: the test's server knows who is a member, answers questions about groups, brings
// group messages to the members' devices and compares the hash of devices, like the real one.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "unit/whatsapp/client/desk_bench.h"
#include "whatsapp/message/phash.h"

namespace whatsapp::test {

inline Jid test_group() { return Jid{"120363000000000001", binary::Server::kGroup}; }

struct ServerGroup {
  Jid id = test_group();
  bool by_lid = true;
  std::vector<std::string> members;  // PN users; the first is the owner
  std::string version = "1";
};

class GroupBench : public DeskBench {
 public:
  GroupBench() {
    carol.devices = {0};
    carol.connect();
    carol.desk->offline_finished();
    group.members = {"15550001111", "15550002222", "15550003333"};
    server.on_stanza = [this](Party& from, const Node& stanza) { return take(from, stanza); };
    server.on_query = [this](const Node& iq) { return answer(iq); };
    settle();
  }
  ~GroupBench() { leave(carol); }

  [[nodiscard]] Node group_node() const {
    Node out = Node("group")
                   .with("id", group.id.user())
                   .with("subject", "the group")
                   .with("creation", "1700000000")
                   .with("p_v_id", std::string_view{group.version})
                   .with("addressing_mode", group.by_lid ? "lid" : "pn");
    for (const std::string& user : group.members) {
      const Party* party = account(user);
      if (party == nullptr) continue;
      Node member = Node("participant").with("jid", name_of(*party).bare());
      member.set(group.by_lid ? "phone_number" : "lid", (group.by_lid ? party->pn() : party->lid()).bare());
      if (user == group.members.front()) member.set("type", "superadmin");
      out.add_child(std::move(member));
    }
    return out;
  }
  [[nodiscard]] Jid name_of(const Party& party) const { return group.by_lid ? party.lid() : party.pn(); }
  [[nodiscard]] bool is_member(const Party& party) const {
    return std::ranges::find(group.members, std::string{party.pn().user()}) != group.members.end();
  }
  base::Result<SendOutcome> send_to_group(Party& from, const std::string& id, const std::string& body) {
    return send(from, group.id, id, body);
  }
  /// `<notification type="w:gp2">` with one change, to everybody.
  void tell_members(Node change, const Jid& author) {
    Node out = Node("notification")
                   .with("id", "N" + std::to_string(++notifications_))
                   .with("from", group.id)
                   .with("type", "w:gp2")
                   .with("t", "1760000100")
                   .with("participant", author)
                   .with("addressing_mode", group.by_lid ? "lid" : "pn");
    out.add_child(std::move(change));
    for (Party* party : server.parties) party->inbox.push_back(out);
    settle();
  }
  [[nodiscard]] Node participant(const Party& party) const {
    return Node("participant").with("jid", name_of(party).bare());
  }
  /// The message stanzas that a party wrote to the group.
  [[nodiscard]] std::vector<Node> to_group(const Party& party) const {
    std::vector<Node> out;
    for (const Node& node : party.sent_with_tag("message"))
      if (node.jid("to") == group.id) out.push_back(node);
    return out;
  }
  static std::set<std::string> key_receivers(const Node& stanza) {
    std::set<std::string> out;
    if (const Node* participants = stanza.child("participants"))
      for (const Node* to : participants->children("to"))
        if (to->child("enc") != nullptr) out.insert(to->attr("jid").value_or(""));
    return out;
  }
  static std::vector<std::string> bodies(const Party& party) {
    std::vector<std::string> out;
    for (const Event& event : party.sink.events) out.push_back(event.body);
    return out;
  }

  Party carol{server, executor, "15550003333", "300000000000003", 0, 14};
  ServerGroup group;
  int group_queries = 0;
  int list_queries = 0;
  int refuse_group_queries = 0;  // so many are answered with 429
  std::optional<std::string> wrong_phash;

 private:
  [[nodiscard]] Party* account(const std::string& pn_user) const {
    for (Party* party : server.parties)
      if (party->pn().user() == pn_user) return party;
    return nullptr;
  }
  [[nodiscard]] std::string phash() const {
    std::vector<Jid> devices;
    for (Party* party : server.parties)
      if (is_member(*party))
        for (const std::uint16_t id : party->devices) devices.push_back(name_of(*party).with_device(id));
    return message::participant_hash(devices);
  }

  std::optional<Node> answer(const Node& iq) {
    if (!iq.attr_is("xmlns", "w:g2")) return on_other_query ? on_other_query(iq) : std::nullopt;
    Node result = Node("iq").with("type", "result");
    if (iq.child("participating") != nullptr) {
      ++list_queries;
      return std::move(result).add(Node("groups").add(group_node()).add(Node("group")));  // and a bad one
    }
    if (iq.child("query") == nullptr) return on_other_query ? on_other_query(iq) : std::nullopt;
    ++group_queries;
    if (refuse_group_queries > 0) {
      --refuse_group_queries;
      return refusal(429);
    }
    if (iq.jid("to") != group.id) return refusal(404);
    return std::move(result).add(group_node());
  }
  static Node refusal(int code) {
    return Node("iq").with("type", "error").add(Node("error").with("code", code).with("text", "refused"));
  }

  bool take(Party& from, const Node& stanza) {
    if (stanza.jid("to") != group.id) return false;
    if (stanza.tag() == "receipt" && stanza.attr_is("type", "retry")) {
      relay_retry(from, stanza);
      return true;
    }
    if (stanza.tag() != "message") return false;
    if (const auto only = stanza.jid("participant")) {
      if (Party* party = server.device(*only)) server.deliver(*party, copy_for(from, stanza, *party));
    } else {
      for (Party* party : server.parties)
        if (party != &from && is_member(*party)) server.deliver(*party, copy_for(from, stanza, *party));
    }
    acknowledge(from, stanza);
    return true;
  }
  void relay_retry(Party& from, const Node& stanza) {
    Party* party = server.device(*stanza.jid("participant"));
    if (party == nullptr) return;
    Node out = Node("receipt")
                   .with("id", *stanza.attr("id"))
                   .with("type", "retry")
                   .with("from", group.id)
                   .with("participant", name_of(from));
    for (const Node& child : stanza.children()) out.add_child(child);
    server.deliver(*party, out);
  }
  [[nodiscard]] Node copy_for(Party& from, const Node& stanza, Party& to) {
    Node out = Node("message")
                   .with("id", *stanza.attr("id"))
                   .with("from", group.id)
                   .with("participant", name_of(from))
                   .with("type", stanza.attr("type").value_or("text"))
                   .with("t", "1760000000")
                   .with("notify", "name")
                   .with("addressing_mode", group.by_lid ? "lid" : "pn");
    out.set(group.by_lid ? "participant_pn" : "participant_lid",
            (group.by_lid ? from.pn() : from.lid()).bare());
    if (const Node* participants = stanza.child("participants"))
      for (const Node* named : participants->children("to"))
        if (server.device(*named->jid("jid")) == &to && named->child("enc") != nullptr)
          out.add_child(*named->child("enc"));
    for (const Node* enc : stanza.children("enc")) out.add_child(*enc);
    if (const Node* identity = stanza.child("device-identity")) out.add_child(*identity);
    return out;
  }
  void acknowledge(Party& from, const Node& stanza) {
    const auto before = server.on_ack;
    server.on_ack = [&](const Node& message, Node plain) -> std::optional<Node> {
      const std::string expected = wrong_phash ? *wrong_phash : phash();
      if (message.has_attr("phash") && !message.attr_is("phash", expected)) plain.set("phash", expected);
      if (!message.attr_is("addressing_mode", group.by_lid ? "lid" : "pn")) plain.set("error", "421");
      return before ? before(message, plain) : std::optional<Node>{plain};
    };
    server.acknowledge(from, stanza);
    server.on_ack = before;
  }

 public:
  std::function<std::optional<Node>(const Node& iq)> on_other_query;

 private:
  int notifications_ = 0;
};

}  // namespace whatsapp::test
