#include "whatsapp/client/groups/groups.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "whatsapp/client/addresses.h"
#include "whatsapp/client/query_budget.h"

namespace whatsapp {

using base::ErrorCode;
using base::fail;
using base::Result;
using binary::Node;
using runtime::Task;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kAddedAtOnce = 20;  // adding many strangers at once is what spammers do
constexpr std::size_t kChangedAtOnce = 256;
constexpr std::size_t kLongestSubject = 400;       // bytes; the service counts 100 characters
constexpr std::size_t kLongestDescription = 8192;  // bytes; 2048 characters
constexpr base::Duration kPatience = 2min;
constexpr std::string_view kLink = "https://chat.whatsapp.com/";

bool is_group(const binary::Jid& jid) { return jid.is_group() && !jid.user().empty(); }
std::unexpected<base::Error> no_group() {
  return fail(ErrorCode::kInvalidArgument, "this is not the JID of a group");
}
bool refused_with(const base::Error& error, std::initializer_list<int> codes) {
  return error.code == ErrorCode::kRejected && std::ranges::find(codes, error.detail) != codes.end();
}

}  // namespace

// ---- asking -------------------------------------------------------------------------------------------

Task<Result<Node>> Groups::ask(Node iq) {
  if (!parts_.connection.attached()) co_return fail(ErrorCode::kClosed, "not connected");
  co_return co_await budgeted_query(parts_.connection, parts_.budget, QueryBudget::Kind::kGroupChange,
                                    std::move(iq), kPatience);
}

/// The server tells the others of the change; we know it already.
Task<Result<Node>> Groups::ask_and_patch(Jid group, Node change) {
  if (!is_group(group)) co_return no_group();
  auto iq = group_iq("set", group, change);
  WA_CO_TRY(Node answer, co_await ask(std::move(iq)));
  WA_CO_TRY_VOID(co_await directory_.changed_by_us(group, std::move(change)));
  co_return answer;
}

Task<Result<Groups::Form>> Groups::form_of(Jid group) {
  WA_CO_TRY(const auto known, co_await directory_.get(group));
  co_return known->members_by_lid() ? Form::kLid : Form::kPn;
}

Task<Result<std::vector<Groups::Named>>> Groups::named(const std::vector<Jid>& people, Form form) {
  std::vector<Named> out;
  for (const Jid& person : people) {
    const Jid account = person.normalized().account();
    if (account.user().empty() || (!account.is_pn() && !account.is_lid()))
      co_return fail(ErrorCode::kInvalidArgument, "only people can be members of a group");
    Named one{person, account, std::nullopt};
    if (account.is_lid()) {
      WA_CO_TRY(const auto pn, co_await parts_.lids.pn_of(std::string(account.user())));
      if (pn) one.pn = pn_jid(*pn);
      if (form == Form::kPn && one.pn) one.jid = *one.pn;
    } else {
      one.pn = account;
      WA_CO_TRY(auto lid, co_await parts_.lids.lid_of(std::string(account.user())));
      if (!lid && form == Form::kLid) {
        const auto known = co_await parts_.directory.look_up_number(std::string(account.user()));
        if (known) lid = known->lid;
        if (known) one.pn = known->pn;
      }
      if (lid && form == Form::kLid) one.jid = lid_jid(*lid);
    }
    out.push_back(std::move(one));
  }
  co_return out;
}

void Groups::name_as_asked(const std::vector<Named>& people, std::vector<ParticipantResult>& results) {
  for (ParticipantResult& result : results) {
    const auto found = std::ranges::find_if(people, [&](const Named& one) {
      return one.jid.same_account(result.jid) || (one.pn && one.pn->same_account(result.jid));
    });
    if (found != people.end()) result.jid = found->asked;
  }
}

std::string Groups::new_description_id() const {
  const auto bytes = parts_.outside.random.bytes<4>();
  std::string id = base::to_hex(base::ByteView{bytes});
  std::ranges::transform(id, id.begin(), [](char c) { return c >= 'a' ? static_cast<char>(c - 32) : c; });
  return id;
}

// ---- what there is ------------------------------------------------------------------------------------

Task<Result<std::vector<GroupMetadata>>> Groups::list(Freshness freshness) {
  if (!parts_.connection.attached()) co_return fail(ErrorCode::kClosed, "not connected");
  co_return co_await directory_.all(freshness);
}

Task<Result<GroupMetadata>> Groups::metadata(Jid group, Freshness freshness) {
  if (!parts_.connection.attached()) co_return fail(ErrorCode::kClosed, "not connected");
  if (!is_group(group)) co_return no_group();
  WA_CO_TRY(const auto found, co_await directory_.get(group, freshness));
  co_return *found;
}

Task<Result<std::vector<LinkedGroup>>> Groups::linked_groups(Jid community) {
  if (!is_group(community)) co_return no_group();
  auto iq = group_iq("get", community, Node("sub_groups"));
  WA_CO_TRY(const Node answer, co_await ask(std::move(iq)));
  co_return read_linked_groups(answer);
}

// ---- members ------------------------------------------------------------------------------------------

Task<Result<Groups::Created>> Groups::create(NewGroup group) {
  if (group.subject.empty() || group.subject.size() > kLongestSubject)
    co_return fail(ErrorCode::kInvalidArgument, "a group needs a subject of at most 100 characters");
  if (!parts_.connection.attached()) co_return fail(ErrorCode::kClosed, "not connected");
  const CurrentConnection::Use use(parts_.connection);
  WA_CO_TRY(const auto people, co_await named(group.participants, Form::kLid));
  Node::Children participants;
  for (const Named& one : people) participants.push_back(participant_node(one.jid, one.pn));
  auto iq = all_groups_iq("set", create_node(group, std::move(participants), new_description_id()));
  WA_CO_TRY(const Node answer,
            co_await budgeted_query(parts_.connection, parts_.budget, QueryBudget::Kind::kGroupCreate,
                                    std::move(iq), kPatience));
  const Node* node = answer.child("group");
  if (node == nullptr) co_return fail(ErrorCode::kMalformed, "a new group without a group");
  Created out;
  WA_CO_TRY(out.group, read_group(*node));
  out.participants = read_participant_results(*node);
  std::erase_if(out.participants, [this](const ParticipantResult& result) {
    return is_own_account(parts_.connection.self(), result.jid);
  });
  name_as_asked(people, out.participants);
  out.group.stale = out.group.find_own(parts_.connection.self()) == nullptr;
  WA_CO_TRY_VOID(co_await directory_.keep(out.group));
  co_return out;
}

Task<Result<std::vector<ParticipantResult>>> Groups::change(Jid group, ParticipantChange change,
                                                            std::vector<Jid> people) {
  if (!is_group(group)) co_return no_group();
  if (people.empty()) co_return fail(ErrorCode::kInvalidArgument, "nobody is named");
  if (!parts_.connection.attached()) co_return fail(ErrorCode::kClosed, "not connected");
  const CurrentConnection::Use use(parts_.connection);
  WA_CO_TRY(const Form form, co_await form_of(group));
  WA_CO_TRY(const auto all, co_await named(people, form));
  const bool adds = change == ParticipantChange::kAdd;
  const std::size_t slice = adds ? kAddedAtOnce : kChangedAtOnce;
  std::vector<ParticipantResult> out;
  for (std::size_t begin = 0; begin < all.size(); begin += slice) {
    Node request(tag_of(change));
    for (std::size_t i = begin; i < std::min(all.size(), begin + slice); ++i)
      request.add_child(participant_node(all[i].jid, adds ? all[i].pn : std::nullopt));
    auto iq = group_iq("set", group, std::move(request));
    const auto answer = co_await ask(std::move(iq));
    if (!answer && begin == 0) co_return fail(answer.error());
    if (!answer) break;  // those before are done: their results are what there is to tell
    const Node* list = answer->child(tag_of(change));
    if (list == nullptr) continue;
    auto results = read_participant_results(*list);
    Node done(tag_of(change));
    for (const Node* participant : list->children("participant"))
      if (participant->number("error").value_or(200) == 200) done.add_child(*participant);
    if (!done.children().empty()) WA_CO_TRY_VOID(co_await directory_.changed_by_us(group, std::move(done)));
    for (ParticipantResult& result : results)
      if (adds && result.code == 409) result.code = 200;  // is in it: what was asked for
    name_as_asked(all, results);
    std::ranges::move(results, std::back_inserter(out));
  }
  co_return out;
}

Task<Result<void>> Groups::leave(Jid group) {
  if (!is_group(group)) co_return no_group();
  auto iq = all_groups_iq("set", Node("leave").add(Node("group").with("id", group)));
  const auto answer = co_await ask(std::move(iq));
  if (!answer && !refused_with(answer.error(), {403, 404})) co_return fail(answer.error());
  co_return co_await directory_.forget(group);
}

// ---- settings -----------------------------------------------------------------------------------------

Task<Result<void>> Groups::set_subject(Jid group, std::string subject) {
  if (subject.empty() || subject.size() > kLongestSubject)
    co_return fail(ErrorCode::kInvalidArgument, "a subject has 1 to 100 characters");
  if (!is_group(group)) co_return no_group();
  auto iq = group_iq("set", group, Node("subject").text(subject));
  WA_CO_TRY_VOID(co_await ask(std::move(iq)));
  auto change = Node("subject").with("subject", std::string_view{subject});
  co_return co_await directory_.changed_by_us(group, std::move(change));
}

Task<Result<void>> Groups::set_description(Jid group, std::string text) {
  if (text.size() > kLongestDescription)
    co_return fail(ErrorCode::kInvalidArgument, "a description has at most 2048 characters");
  if (!is_group(group)) co_return no_group();
  if (!parts_.connection.attached()) co_return fail(ErrorCode::kClosed, "not connected");
  const CurrentConnection::Use use(parts_.connection);
  Result<Node> answer = fail(ErrorCode::kConflict, "the description changes too often");
  for (const Freshness freshness : {Freshness::kCached, Freshness::kRefetched}) {
    WA_CO_TRY(const auto known, co_await directory_.get(group, freshness));
    auto change = description_node(text, new_description_id(), known->description_id);
    answer = co_await ask_and_patch(group, std::move(change));
    if (answer) co_return Result<void>{};
    // Somebody else changed it meanwhile: the id that we named is not the last one.
    if (!refused_with(answer.error(), {406, 409})) break;
  }
  co_return fail(answer.error());
}

Task<Result<void>> Groups::set(Jid group, GroupSetting setting) {
  WA_CO_TRY_VOID(co_await ask_and_patch(std::move(group), setting_node(setting)));
  co_return Result<void>{};
}

Task<Result<void>> Groups::set_ephemeral(Jid group, std::uint32_t seconds) {
  WA_CO_TRY_VOID(co_await ask_and_patch(std::move(group), ephemeral_node(seconds)));
  co_return Result<void>{};
}

// ---- invitations --------------------------------------------------------------------------------------

Task<Result<std::string>> Groups::link_from(Jid group, std::string_view type) {
  if (!is_group(group)) co_return no_group();
  auto iq = group_iq(type, group, Node("invite"));
  WA_CO_TRY(const Node answer, co_await ask(std::move(iq)));
  const Node* invite = answer.child("invite");
  const auto code = invite != nullptr ? invite->attr("code") : std::nullopt;
  if (!code) co_return fail(ErrorCode::kMalformed, "an invite link without a code");
  co_return std::string{kLink} + *code;
}

Task<Result<std::string>> Groups::invite_link(Jid group) { return link_from(std::move(group), "get"); }
Task<Result<std::string>> Groups::new_invite_link(Jid group) { return link_from(std::move(group), "set"); }

Task<Result<GroupMetadata>> Groups::invite_info(std::string link) {
  WA_CO_TRY(const std::string code, invite_code_of(link));
  auto iq = all_groups_iq("get", Node("invite").with("code", std::string_view{code}));
  WA_CO_TRY(const Node answer, co_await ask(std::move(iq)));
  const Node* group = answer.child("group");
  if (group == nullptr) co_return fail(ErrorCode::kMalformed, "an invitation without a group");
  co_return read_group(*group);
}

Task<Result<Groups::Joined>> Groups::join(std::string link) {
  WA_CO_TRY(const std::string code, invite_code_of(link));
  auto iq = all_groups_iq("set", Node("invite").with("code", std::string_view{code}));
  const auto answer = co_await ask(std::move(iq));
  if (!answer && refused_with(answer.error(), {304})) {
    WA_CO_TRY(const GroupMetadata group, co_await invite_info(code));
    co_return Joined{group.id};
  }
  if (!answer) co_return fail(answer.error());
  if (const Node* group = answer->child("group")) {
    WA_CO_TRY(const Jid id, read_group_id(*group, "jid"));
    co_return Joined{id};
  }
  if (const Node* request = answer->child("membership_approval_request")) {
    WA_CO_TRY(const Jid id, read_group_id(*request, "jid"));
    co_return Joined{id, Joined::State::kAwaitsApproval};
  }
  co_return fail(ErrorCode::kMalformed, "joined, but no group is named");
}

Task<Result<void>> Groups::accept_invite(Jid group, std::string code, std::int64_t expires_at, Jid admin) {
  if (!is_group(group)) co_return no_group();
  auto accept = Node("accept").with("code", std::string_view{code}).with("expiration", expires_at);
  accept.set("admin", admin.account());
  auto iq = group_iq("set", group, std::move(accept));
  WA_CO_TRY_VOID(co_await ask(std::move(iq)));
  co_return Result<void>{};
}

Task<Result<std::vector<JoinRequest>>> Groups::join_requests(Jid group) {
  if (!is_group(group)) co_return no_group();
  auto iq = group_iq("get", group, Node("membership_approval_requests"));
  WA_CO_TRY(const Node answer, co_await ask(std::move(iq)));
  co_return read_join_requests(answer);
}

Task<Result<std::vector<ParticipantResult>>> Groups::answer_join_requests(Jid group, JoinAnswer decision,
                                                                          std::vector<Jid> people) {
  if (!is_group(group)) co_return no_group();
  if (!parts_.connection.attached()) co_return fail(ErrorCode::kClosed, "not connected");
  const CurrentConnection::Use use(parts_.connection);
  WA_CO_TRY(const Form form, co_await form_of(group));
  WA_CO_TRY(const auto all, co_await named(people, form));
  const std::string_view tag = decision == JoinAnswer::kApprove ? "approve" : "reject";
  Node list(tag);
  for (const Named& one : all) list.add_child(participant_node(one.jid, std::nullopt));
  auto iq = group_iq("set", group, Node("membership_requests_action").add(std::move(list)));
  WA_CO_TRY(const Node answer, co_await ask(std::move(iq)));
  const Node* action = answer.child("membership_requests_action");
  const Node* done = action != nullptr ? action->child(tag) : nullptr;
  std::vector<ParticipantResult> out;
  if (done != nullptr) out = read_participant_results(*done);
  name_as_asked(all, out);
  co_return out;
}

}  // namespace whatsapp
