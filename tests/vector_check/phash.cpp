// phash.json: the participant hash. `baileys_value` is another rule's and not looked at.
#include "whatsapp/message/phash.h"

#include <vector>

#include "vector_check/json_fields.h"
#include "vector_check/runners.h"
#include "whatsapp/binary/jid.h"

namespace vector_check {

using nlohmann::json;

Outcome run_phash(const json& file) {
  Report report;
  for_each_case(file, "cases", [&](const std::string& name, const json& entry) {
    report.run(name, [&](Case& check) {
      std::vector<whatsapp::binary::Jid> devices;
      for (const json& participant : entry.at("participants")) {
        const auto jid = whatsapp::binary::Jid::parse(participant.get<std::string>());
        check.expect_success(jid, participant.get<std::string>());
        if (jid) devices.push_back(*jid);
      }
      check.expect_equal(whatsapp::message::participant_hash(devices), text(entry, "phash"), "hash");
    });
  });
  return report.take();
}

}  // namespace vector_check
