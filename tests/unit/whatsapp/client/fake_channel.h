// A stanza channel that a test plays the server of: what is sent is kept, queries wait for the test's answer.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/event_loop.h"
#include "whatsapp/binary/iq.h"
#include "whatsapp/client/answer_table.h"
#include "whatsapp/client/stanza_channel.h"

namespace whatsapp::test {

class FakeChannel final : public StanzaChannel {
 public:
  explicit FakeChannel(runtime::EventLoop& loop)
      : loop_(loop), answers_(std::make_shared<AnswerTable>(loop)) {}

  base::Result<void> send(const binary::Node& stanza) override {
    if (closed_) return base::fail(base::ErrorCode::kClosed, "closed");
    sent.push_back(stanza);
    return {};
  }
  base::Result<void> send_encoded(base::ByteView) override { return {}; }
  runtime::Task<base::Result<binary::Node>> query(binary::Node iq, base::Duration timeout) override {
    WA_CO_TRY(auto answer, co_await exchange(std::move(iq), timeout));
    if (const auto error = binary::iq_error(answer))
      co_return base::fail(base::ErrorCode::kRejected, error->text, error->code);
    co_return answer;
  }
  runtime::Task<base::Result<binary::Node>> exchange(binary::Node iq, base::Duration timeout) override {
    std::string id = std::to_string(++last_id_);
    iq.set("id", id);
    AnswerTable::Slot slot(answers_, id);
    WA_CO_TRY_VOID(send(iq));
    if (respond) {
      if (auto answer = respond(iq)) {
        answer->set("id", id);
        answers_->resolve(id, *answer);
      }
    }
    co_return co_await slot.wait(timeout);
  }
  std::unique_ptr<PendingAck> expect_ack(std::string) override { return nullptr; }
  [[nodiscard]] std::int64_t server_time() const override { return loop_.clock().unix_seconds(); }

  void close() {
    closed_ = true;
    answers_->close();
  }
  /// Sent stanzas with that tag, or iqs with that child.
  [[nodiscard]] std::vector<binary::Node> sent_with(std::string_view tag) const {
    std::vector<binary::Node> found;
    for (const auto& stanza : sent)
      if (stanza.tag() == tag || stanza.child(tag) != nullptr) found.push_back(stanza);
    return found;
  }

  std::vector<binary::Node> sent;
  /// The server's answer to an iq; nothing: none.
  std::function<std::optional<binary::Node>(const binary::Node&)> respond;

 private:
  runtime::EventLoop& loop_;
  std::shared_ptr<AnswerTable> answers_;
  int last_id_ = 0;
  bool closed_ = false;
};

inline binary::Node iq_result() { return binary::Node("iq").with("type", "result"); }
inline binary::Node iq_failure(int code) {
  return binary::Node("iq")
      .with("type", "error")
      .add(binary::Node("error").with("code", code).with("text", "refused"));
}

}  // namespace whatsapp::test
