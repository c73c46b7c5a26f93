#include "whatsapp/client/retry_receipts.h"

#include <string>
#include <utility>

#include "whatsapp/client/key_bundles.h"

namespace whatsapp {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using binary::Node;

void copy(const Node& from, std::string_view key, Node& to, std::string_view as) {
  if (const binary::AttributeValue* value = from.find(key)) to.set(as, *value);
}

template <std::size_t Width>
Node number(std::string_view tag, std::uint32_t value) {
  return Node(tag).bytes(base::ByteView{base::big_endian<Width>(value)});
}

}  // namespace

Node retry_receipt(const Node& message, const MessageSource& source, const RetryNumbers& numbers,
                   std::uint32_t own_registration_id) {
  Node receipt("receipt");
  copy(message, "id", receipt, "id");
  copy(message, "from", receipt, "to");
  receipt.set("type", "retry");
  copy(message, "participant", receipt, "participant");
  if (source.route != MessageSource::Route::kShared) copy(message, "recipient", receipt, "recipient");
  if (source.route == MessageSource::Route::kPeer) receipt.set("category", "peer");

  Node retry = Node("retry").with("count", numbers.count).with("v", "1");
  copy(message, "id", retry, "id");
  copy(message, "t", retry, "t");
  if (numbers.reason) retry.set("error", std::to_string(*numbers.reason));
  receipt.add_child(std::move(retry));
  receipt.add_child(number<4>("registration", own_registration_id));
  return receipt;
}

void add_retry_keys(Node& receipt, const store::DeviceCredentials& credentials,
                    const signal::PreKey& one_time) {
  const base::FixedBytes<1> type{signal::kKeyType};
  const signal::SignedPreKey& signed_key = credentials.signed_pre_key;
  Node key = Node("key")
                 .add(number<3>("id", one_time.id))
                 .add(Node("value").bytes(base::ByteView{one_time.keys.public_key}));
  Node skey = Node("skey")
                  .add(number<3>("id", signed_key.id))
                  .add(Node("value").bytes(base::ByteView{signed_key.keys.public_key}))
                  .add(Node("signature").bytes(base::ByteView{signed_key.signature}));
  Node keys = Node("keys")
                  .add(Node("type").bytes(base::ByteView{type}))
                  .add(Node("identity").bytes(base::ByteView{credentials.identity.public_key}))
                  .add(std::move(key))
                  .add(std::move(skey));
  if (credentials.paired && !credentials.paired->account_identity.empty())
    keys.add_child(Node("device-identity").bytes(base::ByteView{credentials.paired->account_identity}));
  receipt.add_child(std::move(keys));
}

Result<RetryRequest> read_retry_request(const Node& receipt) {
  RetryRequest out;
  WA_TRY(const Node* retry, receipt.require_child("retry"));
  if (const auto id = retry->attr("id")) {
    out.id = *id;
  } else {
    WA_TRY(out.id, receipt.require_attr("id"));
  }
  if (out.id.empty() || out.id.size() > kMaxMessageId)
    return fail(ErrorCode::kMalformed, "a retry receipt without a usable id");
  out.count = retry->number("count").value_or(1);
  WA_TRY(const binary::Jid from, receipt.require_jid("from"));
  out.requester = receipt.jid("participant").value_or(from).normalized();

  const auto registration = receipt.child_bytes("registration");
  if (registration && registration->size() == 4)
    out.registration_id = static_cast<std::uint32_t>(base::read_big_endian(*registration));
  if (const Node* keys = receipt.child("keys"); keys != nullptr && registration)
    if (auto bundle = read_retry_keys(*keys, *registration)) out.keys = *std::move(bundle);
  return out;
}

}  // namespace whatsapp
