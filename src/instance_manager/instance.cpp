#include "instance_manager/instance.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "commands/account_commands.h"
#include "commands/command_runner.h"
#include "connection/event_forwarder.h"
#include "connection/inbound_forwarder.h"
#include "importers/takeover.h"
#include "instance_manager/human_sender.h"
#include "instance_manager/instance_options.h"
#include "instance_manager/link_media.h"
#include "queue/outbound_queue_runner.h"
#include "runtime/task_scope.h"

namespace worker {

using base::ErrorCode;
using runtime::Task;
using whatsapp::store::SqliteDeviceStore;

namespace {

constexpr base::Duration kLastStatusPatience{2'000};

InstancePhase phase_of(ConnectionRunner::State state) {
  switch (state) {
    case ConnectionRunner::State::kConnecting:
      return InstancePhase::kConnecting;
    case ConnectionRunner::State::kConnected:
      return InstancePhase::kConnected;
    case ConnectionRunner::State::kDisconnected:
      return InstancePhase::kDisconnected;
  }
  return InstancePhase::kDisconnected;
}

std::string why_not_locked(const base::Error& error) {
  switch (error.code) {
    case ErrorCode::kConflict:
      return "lock_conflict";
    case ErrorCode::kNotFound:
      return "unknown_instance";
    case ErrorCode::kCancelled:
      return "stopped";
    default:
      return "lock_unavailable";
  }
}

/// Until cancelled.
Task<base::Result<void>> wait_for_ever(runtime::EventLoop& loop) {
  runtime::OneShot<runtime::Done> never(loop);
  const auto woken = co_await never.wait();
  if (!woken) co_return base::fail(woken.error());
  co_return base::Result<void>{};
}

/// A command about the link is done as soon as it is asked.
Task<base::Result<std::string>> answer_now(base::Result<void> done) {
  if (!done) co_return base::fail(done.error());
  co_return std::string{"{}"};
}

}  // namespace

/// What is open while the lock is held: the store, and the spool that outlives every link.
class Instance::Account {
 public:
  Account(ShardServices& services, const std::string& instance_id, std::unique_ptr<SqliteDeviceStore> device,
          runtime::BlockingExecutor::Lane lane, std::optional<std::uint64_t> fence, const base::Log& log)
      : store(std::move(device), lane, store_settings(services)),
        events({services.loop, services.edge, services.capabilities, store, services.random, log, fence,
                count("event", services)},
               event_settings(instance_id)),
        inbound({services.loop, services.edge, services.contacts, store, services.random, log, &events, fence,
                 [this] { return runner == nullptr ? std::string{} : runner->own_jid(); },
                 [this] {
                   if (runner != nullptr) runner->client().resume_intake();
                 },
                 count("in", services)},
                inbound_settings(instance_id)) {
    inbound.use([this] { return media == nullptr ? nullptr : &media->inbound(); });
  }

  static std::function<void(const std::string&)> count(const char* direction, ShardServices& services) {
    if (!services.metrics.message) return nullptr;
    return [direction, &services](const std::string& result) { services.metrics.message(direction, result); };
  }
  static whatsapp::AccountStoreSettings store_settings(ShardServices& services) {
    whatsapp::AccountStoreSettings settings;
    settings.open_stores = &services.open_stores;
    return settings;
  }
  static InboundSettings inbound_settings(const std::string& instance_id) {
    InboundSettings settings;
    settings.instance_id = instance_id;
    return settings;
  }

  static EventSettings event_settings(const std::string& instance_id) {
    EventSettings settings;
    settings.instance_id = instance_id;
    return settings;
  }

  ConnectionRunner* runner = nullptr;  // of the present link
  LinkMedia* media = nullptr;          // likewise
  whatsapp::AccountStore store;
  EventForwarder events;
  InboundForwarder inbound;
};

Instance::Instance(ShardServices& services, edge::EligibleInstance eligible)
    : services_(services), eligible_(std::move(eligible)), log_(eligible_.id) {}

Instance::~Instance() = default;

void Instance::stop() { life_.cancel(); }

void Instance::update(edge::EligibleInstance eligible) {
  const bool connects_otherwise =
      eligible.proxy_url != eligible_.proxy_url || eligible.pairing_phone != eligible_.pairing_phone ||
      read_instance_options(eligible.settings_json) != read_instance_options(eligible_.settings_json);
  eligible_ = std::move(eligible);
  if (!connects_otherwise || link_ == nullptr) return;
  log_.info("the edge describes the instance otherwise; it connects anew");
  link_->cancel();
}

Task<std::string> Instance::run() {
  if (!is_valid_instance_id(eligible_.id)) {
    log_.error("the edge names an instance whose id cannot be a folder name; it is left alone");
    co_return "unknown_instance";
  }
  auto locked = co_await runtime::run_under(
      services_.loop, life_,
      InstanceLock::acquire(services_.loop, services_.edge, services_.settings.lock, eligible_.id, log_));
  if (services_.metrics.lock)
    services_.metrics.lock("acquire", locked ? "ok" : std::string{base::to_string(locked.error().code)});
  if (!locked) {
    const std::string why = why_not_locked(locked.error());
    log_.debug("no lock", {{"reason", why}, {"detail", locked.error().message}});
    co_return why;
  }
  const std::unique_ptr<InstanceLock> lock = std::move(*locked);
  lock->keep([this](std::string reason) {
    log_.warn("the lock is lost; the connection is closed before anybody else can have it",
              {{"reason", reason}});
    if (services_.metrics.lock) services_.metrics.lock("renew", "lost");
    lost_reason_ = std::move(reason);
    life_.cancel();
  });
  std::string why = co_await run_locked(*lock);
  co_await say_goodbye(*lock, why);
  co_await lock->release();
  co_return why;
}

Task<std::string> Instance::run_locked(InstanceLock& lock) {
  const auto taken_over = co_await take_over_from_baileys();
  if (!taken_over) {
    log_.error("the Baileys folder of this instance cannot be taken over; it is not paired anew in its place",
               {{"error", taken_over.error().message}});
    co_return "import_refused";
  }
  auto account = co_await open_account(lock);
  if (!account) {
    log_.error("the account's store cannot be opened", {{"error", account.error().message}});
    co_return account.error().code == ErrorCode::kCorrupt ? "store_corrupt" : "store_failed";
  }
  std::string why;
  {
    runtime::TaskScope forwarding(services_.loop);
    forwarding.spawn((*account)->inbound.run());
    forwarding.spawn((*account)->events.run());
    why = co_await run_account(**account, lock);
    co_await forwarding.close();
  }
  co_await (*account)->store.close();
  co_return why;
}

/// An instance whose folder holds a Baileys account, and none of ours yet, goes on as that linked device.
Task<base::Result<void>> Instance::take_over_from_baileys() {
  importers::TakeOver order;
  order.auth_base = services_.settings.auth_base;
  order.instance_id = eligible_.id;
  order.source = (std::filesystem::path{order.auth_base} / eligible_.id).string();
  order.settings.now = services_.loop.clock().unix_millis() / 1000;
  using Outcome = base::Result<std::optional<importers::ImportReport>>;
  const auto work = [&order]() -> Outcome {
    if (!importers::awaits_takeover(order.auth_base, order.instance_id)) return std::nullopt;
    return importers::take_over(order);
  };
  auto lane = services_.executor.lane(services_.loop);
  const Outcome report = co_await lane.run(work);
  // Well formed, but never linked: there is nothing to lose by pairing.
  if (!report && report.error().code == ErrorCode::kNotFound) co_return base::Result<void>{};
  if (!report) co_return std::unexpected(report.error());
  if (*report)
    log_.info("account taken over from Baileys",
              {{"own_jid", (*report)->own_jid}, {"report", (*report)->text()}});
  co_return base::Result<void>{};
}

Task<base::Result<std::unique_ptr<Instance::Account>>> Instance::open_account(InstanceLock& lock) {
  auto lane = services_.executor.lane(services_.loop);
  whatsapp::store::OpenSettings settings;
  settings.directory = (std::filesystem::path{services_.settings.auth_base} / eligible_.id).string();
  settings.durability = services_.settings.durability;
  const auto open = [&settings] { return SqliteDeviceStore::open(settings); };
  WA_CO_TRY(auto device, co_await lane.run(open));
  co_return std::make_unique<Account>(services_, eligible_.id, std::move(device), lane, lock.fence(), log_);
}

Task<std::string> Instance::run_account(Account& account, InstanceLock& lock) {
  for (;;) {
    RunVerdict verdict = co_await run_link(account, lock);
    if (std::holds_alternative<RunStopped>(verdict) && !life_.cancelled()) continue;  // described otherwise
    if (std::holds_alternative<RunStopped>(verdict))
      co_return lost_reason_.empty() ? "stopped" : lost_reason_;
    const auto started_over = co_await start_over(account, std::get<AuthUseless>(verdict));
    if (!started_over) {
      log_.error("the auth state cannot be put aside", {{"error", started_over.error().message}});
      co_return "store_failed";
    }
  }
}

/// How this link is to connect and behave, by the worker's settings and what the edge says of the instance.
base::Result<ConnectionSettings> Instance::link_settings(const InstanceOptions& options) const {
  ConnectionSettings settings = services_.settings.connection;
  settings.instance_id = eligible_.id;
  settings.client.pairing_phone = eligible_.pairing_phone;
  if (!services_.capabilities.has(edge::Capability::kCommands))
    settings.client.passkey = whatsapp::PasskeyAnswers::kNobody;
  if (options.logout) settings.wish = ConnectionSettings::Wish::kLoggedOut;
  settings.pairing_round = options.pairing_round;
  if (options.presence) {
    const bool available = *options.presence == InstanceOptions::Presence::kAvailable;
    settings.client.manners.presence =
        available ? whatsapp::Availability::kAvailable : whatsapp::Availability::kUnavailable;
  }
  if (options.reject_calls) settings.client.manners.reject_calls = whatsapp::IncomingCalls::kReject;
  WA_TRY(settings.client.egress, runtime::Egress::parse(eligible_.proxy_url));
  return settings;
}

/// One life of a link: from the first connection until it is stopped or its auth state is useless.
Task<RunVerdict> Instance::run_link(Account& account, InstanceLock& lock) {
  runtime::Cancellation link(&life_);
  link_ = &link;
  const InstanceOptions options = read_instance_options(eligible_.settings_json);
  auto settings = link_settings(options);
  if (!settings) {
    co_await refuse_proxy(lock, settings.error().message);
    link_ = nullptr;
    co_return RunStopped{};
  }
  const runtime::Egress egress = settings->client.egress;

  // Told at each change of state, when all of these stand.
  LinkParts parts;
  ConnectionDependencies dependencies{services_.loop,
                                      services_.connector,
                                      account.store,
                                      services_.random,
                                      services_.reporter,
                                      account.inbound,
                                      log_,
                                      lock.fence(),
                                      services_.metrics.connection,
                                      [this, &parts] { link_changed(parts); }};
  ConnectionRunner runner(std::move(dependencies), *std::move(settings));
  LinkMediaDependencies media_parts{services_, runner.client(), account.store, eligible_.id,
                                    egress,    lock.fence(),    log_};
  LinkMedia media(std::move(media_parts));
  HumanSender sender(runner.client(), options.humanize, services_.random);

  AccountCommands account_commands(runner.client());
  add_link_commands(account_commands, runner);
  CommandDependencies command_parts{services_.loop, services_.edge,   services_.capabilities,
                                    account.store,  account_commands, services_.random,
                                    log_,           lock.fence()};
  CommandSettings command_settings;
  command_settings.instance_id = eligible_.id;
  CommandRunner commands(std::move(command_parts), command_settings);

  QueueDependencies queue_parts{
      services_.loop,
      services_.edge,
      account.store,
      sender,
      services_.random,
      log_,
      lock.fence(),
      Account::count("out", services_),
      [&commands](edge::InstanceCommand command) { commands.add(std::move(command)); },
      &media.preparer()};
  QueueSettings queue_settings;
  queue_settings.instance_id = eligible_.id;
  queue_settings.poll = services_.settings.queue_poll;
  OutboundQueueRunner queue(std::move(queue_parts), queue_settings);

  parts = {&runner, &queue, &commands};
  account.runner = &runner;
  account.media = &media;
  runtime::TaskScope working(services_.loop, &life_);
  working.spawn(queue.run());
  working.spawn(commands.run());
  RunVerdict verdict = co_await runtime::run_under(services_.loop, link, runner.run());
  link_ = nullptr;
  co_await working.close();
  account.media = nullptr;
  co_await media.close();
  account.runner = nullptr;
  co_return verdict;
}

/// Without a proxy that can be used nothing is sent at all: the operator wanted no other way.
Task<void> Instance::refuse_proxy(InstanceLock& lock, std::string why) {
  log_.error("the instance's proxy_url cannot be used; it stays disconnected", {{"error", why}});
  edge::StatusUpdate update;
  update.instance_id = eligible_.id;
  update.status = edge::InstanceStatus::kDisconnected;
  update.reason = "proxy_invalid";
  update.at = services_.loop.clock().wall_now();
  services_.reporter.report(std::move(update), lock.fence());
  set_phase(InstancePhase::kDisconnected);
  auto until_then = wait_for_ever(services_.loop);
  (void)co_await runtime::run_under(services_.loop, *link_, std::move(until_then));
}

void Instance::add_link_commands(AccountCommands& commands, ConnectionRunner& runner) {
  using Answer = Task<base::Result<std::string>>;
  commands.add("logout", [&runner](std::string) -> Answer { return answer_now(runner.log_out()); });
  commands.add("pair", [&runner](std::string) -> Answer {
    runner.pair();
    return answer_now({});
  });
  commands.add("passkey.answer", [&runner](std::string args) -> Answer {
    return answer_now(runner.client().answer_passkey(args));
  });
  commands.add("passkey.confirm",
               [&runner](std::string) -> Answer { return answer_now(runner.client().confirm_passkey()); });
}

void Instance::link_changed(const LinkParts& parts) {
  if (parts.runner == nullptr) return;
  const bool connected = parts.runner->state() == ConnectionRunner::State::kConnected;
  parts.queue->set_link(connected ? OutboundQueueRunner::Link::kUp : OutboundQueueRunner::Link::kDown);
  using Polling = CommandRunner::QueuePolling;
  parts.commands->set_queue_polling(connected ? Polling::kOn : Polling::kOff);
  set_phase(phase_of(parts.runner->state()));
}

Task<base::Result<void>> Instance::start_over(Account& account, AuthUseless useless) {
  const AuthQuarantine quarantine(services_.settings.auth_base, services_.loop.clock());
  const std::string place = quarantine.place_for(eligible_.id).string();
  const auto forget = [&place](whatsapp::store::DeviceStore& store) { return store.forget_link(place); };
  WA_CO_TRY_VOID(co_await account.store.read(forget));
  log_.info("auth state put aside", {{"reason", useless.reason}, {"kept_at", place}});
  whatsapp::store::Changes changes;
  if (useless.held_in_round)
    changes.values.emplace_back(ConnectionRunner::kPairingHeld,
                                base::to_bytes(fmt::format("{}", *useless.held_in_round)));
  if (useless.cooldown <= base::Duration{0}) co_return co_await account.store.commit(std::move(changes));
  const std::int64_t not_before = services_.loop.clock().unix_millis() + useless.cooldown.count();
  changes.values.emplace_back(ConnectionRunner::kPairingNotBefore,
                              base::to_bytes(fmt::format("{}", not_before)));
  co_return co_await account.store.commit(std::move(changes));
}

/// The edge should not believe in a connection that is gone. Whoever lost the lock keeps silent: somebody
/// else may speak for the instance now.
Task<void> Instance::say_goodbye(InstanceLock& lock, const std::string& why) {
  if (lock.is_lost()) co_return;
  edge::StatusUpdate update;
  update.instance_id = eligible_.id;
  update.status = edge::InstanceStatus::kDisconnected;
  update.reason = why;
  update.at = services_.loop.clock().wall_now();
  services_.reporter.report(std::move(update), lock.fence());
  (void)co_await services_.reporter.flush(eligible_.id, services_.loop.clock().now() + kLastStatusPatience);
}

void Instance::set_phase(InstancePhase phase) {
  if (told_) told_(phase);
}

}  // namespace worker
