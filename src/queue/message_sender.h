// What the queue needs of a live account: send, send the same bytes again, and the PN behind a LID. In
// production a whatsapp::Client; in tests a fake.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "whatsapp/client/client.h"

namespace worker {

class MessageSender {
 public:
  template <class T>
  using Reply = runtime::Task<base::Result<T>>;

  virtual ~MessageSender() = default;
  /// See whatsapp::Client for the errors.
  virtual Reply<whatsapp::SendOutcome> send(whatsapp::OutgoingMessage message,
                                            whatsapp::SendJournal& journal) = 0;
  virtual Reply<whatsapp::SendOutcome> resend(std::string id, base::Bytes stanza) = 0;
  virtual Reply<std::optional<whatsapp::binary::Jid>> pn_of(whatsapp::binary::Jid lid) = 0;
};

class ClientSender final : public MessageSender {
 public:
  explicit ClientSender(whatsapp::Client& client) : client_(client) {}

  Reply<whatsapp::SendOutcome> send(whatsapp::OutgoingMessage message,
                                    whatsapp::SendJournal& journal) override {
    return client_.send(std::move(message), journal);
  }
  Reply<whatsapp::SendOutcome> resend(std::string id, base::Bytes stanza) override {
    return client_.resend(std::move(id), std::move(stanza));
  }
  Reply<std::optional<whatsapp::binary::Jid>> pn_of(whatsapp::binary::Jid lid) override {
    return client_.pn_of(std::move(lid));
  }

 private:
  whatsapp::Client& client_;
};

}  // namespace worker
