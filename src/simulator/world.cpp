#include "simulator/world.h"

#include "simulator/phone/phone_desk.h"

namespace simulator {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

}  // namespace

DeviceStatus World::status_of(const Device& device) {
  DeviceStatus status;
  status.jid = device.account.pn(device.id).to_string();
  status.lid = device.account.lid(device.id).to_string();
  if (device.session != nullptr) {
    const bool live = device.session->login()->stage == Login::Stage::kLive;
    status.link = live ? DeviceStatus::Link::kActive : DeviceStatus::Link::kOnline;
  }
  status.logins = device.logins;
  status.messages_in = device.messages_in;
  status.messages_out = device.messages_out;
  status.queued = device.outbox.size();
  status.pre_keys = device.keys.left();
  status.iq_kinds = device.iq_kinds;
  return status;
}

World::World(runtime::EventLoop& loop, const Settings& settings)
    : loop_(loop), random_(settings.seed), server_(loop, random_, settings), timers_(loop) {
  server_.state().changed = [this] { changed(); };
  server_.state().companion_ready = [this](Device& companion) {
    if (SimulatedPhone* owner = phone_of(companion.account)) owner->desk().provision(companion);
  };
  server_.collections().on_patch = [this](Device& from, auto name, const auto& before, auto patch) {
    if (SimulatedPhone* owner = phone_of(from.account))
      owner->desk().app_state().review(from, name, before, patch);
  };
}

World::~World() {
  server_.state().changed = [] {};
  contacts_.clear();
  phones_.clear();
}

Result<SimulatedPhone*> World::create_phone(const PersonOptions& options) {
  WA_TRY(Account * account, server_.directory().create_account(options));
  const std::string id = "phone-" + std::to_string(phones_.size() + 1);
  changed();
  return phones_.emplace_back(std::make_unique<SimulatedPhone>(*this, *account, id)).get();
}

Result<SimulatedContact*> World::create_contact(const ContactOptions& options) {
  if (options.devices < 1 || options.devices > 20)
    return fail(ErrorCode::kInvalidArgument, "a contact has 1 to 20 devices");
  WA_TRY(Account * account, server_.directory().create_account(options));
  const std::string id = "contact-" + std::to_string(contacts_.size() + 1);
  changed();
  return contacts_.emplace_back(std::make_unique<SimulatedContact>(*this, *account, id, options)).get();
}

Result<Jid> World::create_group(std::string_view subject, Addressing addressing,
                                const std::vector<std::string>& participants) {
  if (participants.empty()) return fail(ErrorCode::kInvalidArgument, "a group has participants");
  std::vector<Jid> jids;
  for (const std::string& text : participants) {
    WA_TRY(Jid jid, Jid::parse(text));
    jids.push_back(std::move(jid));
  }
  WA_TRY(const Group* group,
         server_.directory().create_group(subject, addressing, jids, server_.state().now()));
  return group->jid;
}

template <class People>
auto* find_by_id(const People& people, std::string_view id) {
  for (const auto& person : people) {
    if (person->id() == id) return person.get();
  }
  return static_cast<typename People::value_type::pointer>(nullptr);
}

SimulatedPhone* World::phone_of(const Account& account) const {
  for (const auto& phone : phones_) {
    if (&phone->account() == &account) return phone.get();
  }
  return nullptr;
}

SimulatedPhone* World::phone(std::string_view id) const { return find_by_id(phones_, id); }
SimulatedContact* World::contact(std::string_view id) const { return find_by_id(contacts_, id); }

std::vector<DeviceStatus> World::companions() const {
  std::vector<DeviceStatus> found;
  for_each_companion([&](const Device& device) { found.push_back(status_of(device)); });
  return found;
}

Result<DeviceStatus> World::status(std::string_view device_jid) const {
  WA_TRY(const Jid jid, Jid::parse(device_jid));
  const Device* device = server_.state().directory.device(jid);
  if (device == nullptr) return fail(ErrorCode::kNotFound, "no such device");
  return status_of(*device);
}

Result<void> World::inject(std::string_view text, const Fault& fault) {
  if (text == "*") {
    server_.inject_everywhere(fault);
    return {};
  }
  WA_TRY(const Jid jid, Jid::parse(text));
  Device* device = server_.directory().device(jid);
  if (device == nullptr) return fail(ErrorCode::kNotFound, "no such device");
  return server_.inject(*device, fault);
}

runtime::Task<Result<void>> World::wait_until(std::function<bool()> condition, base::Duration timeout) {
  if (condition()) co_return Result<void>{};
  const auto waiter = waiters_.emplace(waiters_.end(), std::move(condition), loop_);
  const Result<runtime::Done> met = co_await waiter->met.wait_for(timeout);
  waiters_.erase(waiter);
  if (!met) co_return base::fail(met.error());
  co_return Result<void>{};
}

void World::changed() {
  if (asking_ || waiters_.empty()) return;
  asking_ = true;
  timers_.soon([this] { ask_waiters(); });
}

void World::ask_waiters() {
  asking_ = false;
  for (Waiter& waiter : waiters_) {
    if (!waiter.met.is_set() && waiter.condition()) waiter.met.set(runtime::Done{});
  }
}

}  // namespace simulator
