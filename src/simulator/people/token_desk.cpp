#include "simulator/people/token_desk.h"

#include <algorithm>

#include "crypto/hmac.h"

namespace simulator {
namespace {

constexpr std::int64_t kBucket = 604'800;
constexpr std::int64_t kBuckets = 4;

}  // namespace

void TokenDesk::issue(Account& issuer, const Node& tokens) {
  for (const Node* token : tokens.children("token")) {
    const auto jid = token->jid("jid");
    Account* holder = jid ? state_.directory.account(*jid) : nullptr;
    if (holder != nullptr && holder != &issuer) issue(issuer, *holder);
  }
}

void TokenDesk::issue(Account& issuer, Account& holder) {
  const Token& token = tokens_[{&issuer, &holder}] = Token{state_.random.bytes(16), state_.now()};
  for (const auto& [id, receiver] : holder.devices) {
    Node content = Node("token")
                       .with("type", "trusted_contact")
                       .with("jid", holder.lid())
                       .with("t", token.at)
                       .bytes(base::ByteView{token.secret});
    delivery_.deliver(*receiver, Node("notification")
                                     .with("id", state_.next_id())
                                     .with("type", "privacy_token")
                                     .with("from", issuer.lid())
                                     .with("sender_lid", issuer.lid())
                                     .with("t", token.at)
                                     .add(Node("tokens").add(std::move(content))));
  }
}

bool TokenDesk::holds_token(const Account& sender, const Account& recipient, const Node& message) const {
  const auto shown = message.child_bytes("tctoken");
  const auto issued = tokens_.find({&recipient, &sender});
  if (shown && issued != tokens_.end() && std::ranges::equal(*shown, issued->second.secret))
    return issued->second.at >= (state_.now() / kBucket - (kBuckets - 1)) * kBucket;
  const auto stand_in = message.child_bytes("cstoken");
  if (!stand_in || sender.nct_salt.empty()) return false;
  const auto expected = crypto::hmac_sha256(sender.nct_salt, base::as_bytes(recipient.lid().to_string()));
  return std::ranges::equal(*stand_in, base::ByteView{expected});
}

int TokenDesk::refusal(Account& sender, const Account& recipient, const Node& message) const {
  if (state_.settings.strangers == Strangers::kWelcome || &sender == &recipient) return 0;
  if (recipient.wrote_to.contains(&sender)) return 0;
  if (state_.settings.strangers == Strangers::kCapped) return 475;
  return holds_token(sender, recipient, message) ? 0 : 463;
}

}  // namespace simulator
