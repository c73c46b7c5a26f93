#include "whatsapp/client/client_payload.h"

#include "proto/client_payload.pb.h"
#include "proto/pairing.pb.h"

namespace whatsapp {
namespace {

template <class Container>
std::string as_string(const Container& bytes) {
  return base::to_string(base::ByteView{bytes});
}

template <class Message>
base::Bytes serialized(const Message& message) {
  return base::to_bytes(message.SerializeAsString());
}

void set_user_agent(proto::ClientPayload& payload, const WebVersion& version) {
  auto& agent = *payload.mutable_user_agent();
  agent.set_platform(proto::ClientPayload::UserAgent::WEB);
  agent.mutable_app_version()->set_primary(version.primary);
  agent.mutable_app_version()->set_secondary(version.secondary);
  agent.mutable_app_version()->set_tertiary(version.tertiary);
  agent.set_mcc("000");
  agent.set_mnc("000");
  agent.set_os_version("0.1");
  agent.set_manufacturer("");
  agent.set_device("Desktop");
  agent.set_os_build_number("0.1");
  agent.set_release_channel(proto::ClientPayload::UserAgent::RELEASE);
  agent.set_locale_language_iso6391("en");
  agent.set_locale_country_iso31661_alpha2("US");
}

proto::ClientPayload common_payload(const WebVersion& version) {
  proto::ClientPayload payload;
  set_user_agent(payload, version);
  payload.mutable_web_info()->set_web_sub_platform(proto::ClientPayload::WebInfo::WEB_BROWSER);
  payload.set_connect_type(proto::ClientPayload::WIFI_UNKNOWN);
  payload.set_connect_reason(proto::ClientPayload::USER_ACTIVATED);
  return payload;
}

/// What kinds of history we can read; the phone sends no others.
void set_history_config(proto::DeviceProps::HistorySyncConfig& config) {
  config.set_storage_quota_mb(10'240);
  config.set_inline_initial_payload_in_e2ee_msg(true);
  config.set_support_call_log_history(true);
  config.set_support_bot_user_agent_chat_history(true);
  config.set_support_cag_reactions_and_polls(true);
  config.set_support_biz_hosted_msg(true);
  config.set_support_recent_sync_chunk_message_count_tuning(true);
  config.set_support_hosted_group_msg(true);
  config.set_support_fbid_bot_chat_history(true);
  config.set_support_message_association(true);
  config.set_support_group_history(true);
  config.set_thumbnail_sync_days_limit(60);
  config.set_support_manus_history(true);
  config.set_support_hatch_history(true);
}

}  // namespace

base::Bytes device_props(const std::string& device_name) {
  proto::DeviceProps props;
  props.set_os(device_name);
  props.mutable_version()->set_primary(10);
  props.mutable_version()->set_secondary(0);
  props.mutable_version()->set_tertiary(0);
  props.set_platform_type(proto::DeviceProps::CHROME);
  props.set_require_full_sync(false);
  set_history_config(*props.mutable_history_sync_config());
  return serialized(props);
}

base::Bytes registration_payload(const store::DeviceCredentials& credentials, const WebVersion& version,
                                 const std::string& device_name) {
  auto payload = common_payload(version);
  payload.set_passive(false);
  payload.set_pull(false);
  auto& data = *payload.mutable_device_pairing_data();
  data.set_e_regid(as_string(base::big_endian<4>(credentials.registration_id)));
  data.set_e_keytype(std::string(1, static_cast<char>(signal::kKeyType)));
  data.set_e_ident(as_string(credentials.identity.public_key));
  data.set_e_skey_id(as_string(base::big_endian<3>(credentials.signed_pre_key.id)));
  data.set_e_skey_val(as_string(credentials.signed_pre_key.keys.public_key));
  data.set_e_skey_sig(as_string(credentials.signed_pre_key.signature));
  data.set_build_hash(as_string(version.build_hash()));
  data.set_device_props(as_string(device_props(device_name)));
  return serialized(payload);
}

base::Result<base::Bytes> login_payload(const store::DeviceCredentials& credentials,
                                        const WebVersion& version) {
  if (!credentials.paired)
    return base::fail(base::ErrorCode::kInvalidArgument, "a device that is not linked cannot log in");
  const auto username = credentials.paired->pn.numeric_user();
  if (!username) return base::fail(base::ErrorCode::kCorrupt, "the stored own number is not a number");
  auto payload = common_payload(version);
  payload.set_username(*username);
  payload.set_passive(true);
  payload.set_device(credentials.paired->pn.device());
  payload.set_lc(static_cast<std::int32_t>(credentials.login_count));
  payload.set_pull(true);
  payload.set_lid_db_migrated(true);
  return serialized(payload);
}

}  // namespace whatsapp
