// Sends as a person would, where the edge asks for it: what the chat has said is marked read, then one sees
// somebody typing for as long as the text would take. Neither holds a message up when it cannot be done.
#pragma once

#include <string>

#include "base/random.h"
#include "instance_manager/instance_options.h"
#include "queue/message_sender.h"
#include "whatsapp/client/client.h"

namespace worker {

class HumanSender final : public MessageSender {
 public:
  HumanSender(whatsapp::Client& client, InstanceOptions::Humanize manners, base::Random& random)
      : client_(client), manners_(manners), random_(random) {}

  Reply<whatsapp::SendOutcome> send(whatsapp::OutgoingMessage message,
                                    whatsapp::SendJournal& journal) override;
  Reply<whatsapp::SendOutcome> resend(std::string id, base::Bytes stanza) override {
    return client_.resend(std::move(id), std::move(stanza));
  }
  Reply<std::optional<whatsapp::binary::Jid>> pn_of(whatsapp::binary::Jid lid) override {
    return client_.pn_of(std::move(lid));
  }

 private:
  runtime::Task<void> prepare(whatsapp::binary::Jid chat, std::size_t characters);

  whatsapp::Client& client_;
  InstanceOptions::Humanize manners_;
  base::Random& random_;
};

}  // namespace worker
