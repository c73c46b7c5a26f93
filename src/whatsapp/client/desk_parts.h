// What the parts of the message desk share. All of it belongs to the desk and outlives them.
#pragma once

#include "whatsapp/client/current_connection.h"
#include "whatsapp/client/delivery/contact_book.h"
#include "whatsapp/client/delivery/new_contact_gate.h"
#include "whatsapp/client/delivery/privacy_tokens.h"
#include "whatsapp/client/device_directory.h"
#include "whatsapp/client/lid_map.h"
#include "whatsapp/client/message_desk.h"
#include "whatsapp/client/query_budget.h"
#include "whatsapp/client/session_keeper.h"

namespace whatsapp {

struct DeskParts {
  MessageDeskDependencies outside;
  MessageDeskSettings settings;
  QueryBudget budget;
  CurrentConnection connection;
  SessionKeeper sessions;
  LidMap lids;
  DeviceDirectory directory;
  ContactBook contacts;
  PrivacyTokens tokens;
  NewContactGate new_contacts;

  DeskParts(MessageDeskDependencies dependencies, MessageDeskSettings desk_settings)
      : outside(std::move(dependencies)),
        settings(desk_settings),
        budget(outside.loop.clock(), outside.random),
        connection(outside.loop, outside.log, settings.iq_timeout),
        sessions(outside.loop, outside.store, settings.cached_sessions),
        lids(outside.store, sessions),
        directory(outside.loop, outside.store, sessions, lids, connection, budget, outside.random,
                  outside.log, settings.cached_device_lists),
        contacts(*this),
        tokens(*this),
        new_contacts(*this) {
    budget.on_count([this](QueryBudget::Kind kind, std::string_view result) {
      outside.observer.on_query(to_string(kind), result);
    });
  }
};

}  // namespace whatsapp
