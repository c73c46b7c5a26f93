// An account's media side over real TLS: the simulator's media hosts, a connection that the test plays, files
// in a temporary folder.
#pragma once

#include <doctest/doctest.h>
#include <stdlib.h>  // mkdtemp

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "base/random.h"
#include "runtime/blocking_executor.h"
#include "simulator/media_host/media_hosts.h"
#include "unit/runtime/live_loop.h"
#include "unit/whatsapp/client/fake_channel.h"
#include "whatsapp/client/media/media_desk.h"
#include "whatsapp/client/media/media_transport.h"

namespace whatsapp::test {

class TemporaryFolder {
 public:
  TemporaryFolder() : path_((std::filesystem::temp_directory_path() / "wa-media-XXXXXX").string()) {
    REQUIRE(mkdtemp(path_.data()) != nullptr);
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] std::string at(const std::string& name) const { return path_ + "/" + name; }
  [[nodiscard]] std::string write(const std::string& name, base::ByteView bytes) const {
    std::ofstream file(at(name), std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    return at(name);
  }
  [[nodiscard]] base::Bytes read(const std::string& name) const {
    std::ifstream file(at(name), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    return base::to_bytes(text);
  }
  /// Names of everything in it.
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(path_))
      found.push_back(entry.path().filename().string());
    std::ranges::sort(found);
    return found;
  }

 private:
  std::string path_;
};

inline base::Bytes some_bytes(std::size_t size) {
  base::Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 17 + i / 4099 + 5);
  return bytes;
}

struct MediaBench {
  explicit MediaBench(simulator::MediaSettings media = {}) {
    hosts = simulator::MediaHosts::start(store, media, "127.0.0.1").value();
    const std::string ca = hosts->authority();
    (void)folder.write("ca.pem", base::as_bytes(ca));
    http.emplace(live.loop, runtime::HttpClientSettings{.ca_file = folder.at("ca.pem")});
    channel.respond = [this, media](const binary::Node& iq) -> std::optional<binary::Node> {
      if (iq.child("media_conn") == nullptr) return iq_failure(400);
      ++questions;
      if (refuse_questions) return iq_failure(503);
      binary::Node answer("media_conn");
      answer.set("auth", store.issue_auth(std::chrono::hours{1}));
      answer.set("ttl", std::to_string(media.ttl_seconds));
      for (const std::string& host : store.hosts())
        answer.add_child(binary::Node("host").with("hostname", host).with("type", "primary"));
      return iq_result().add(std::move(answer));
    };
    credentials.paired.emplace();
    Self self{binary::Jid::parse("111:1@s.whatsapp.net").value(), binary::Jid::parse("222:1@lid").value(),
              "me"};
    connection.attach(LiveConnection{channel, credentials, self, [](base::Error) {}});
    MediaTransportSettings settings;
    settings.fallback_hosts.clear();
    settings.retry_pause = std::chrono::milliseconds{10};
    settings.stall_timeout = std::chrono::seconds{2};
    transport.emplace(MediaTransportDependencies{live.loop, *http, executor.lane(live.loop), random,
                                                 desk.hosts, base::Log{}},
                      settings);
  }
  ~MediaBench() {
    live.close_scope();
    channel.close();
    live.finish(connection.detach());
  }

  template <class T>
  static runtime::Task<void> keep(runtime::Task<base::Result<T>> task, std::optional<base::Result<T>>& out) {
    out.emplace(co_await std::move(task));
  }
  template <class T>
  base::Result<T> finish(runtime::Task<base::Result<T>> task) {
    std::optional<base::Result<T>> out;
    REQUIRE(live.finish(keep(std::move(task), out)));
    return std::move(*out);
  }

  base::Result<UploadedMedia> upload(base::ByteView bytes, media::MediaKind kind = media::MediaKind::kImage) {
    MediaUploadRequest request;
    request.path = folder.write("plain", bytes);
    request.kind = kind;
    return finish(transport->upload(request));
  }
  base::Result<DownloadedMedia> download(const message::MediaReference& reference) {
    return finish(transport->download({reference, folder.at("got")}));
  }
  void fault(simulator::MediaFault fault) { store.arm(fault); }

  LiveLoop live;
  runtime::BlockingExecutor executor{2};
  base::SystemRandom random;
  TemporaryFolder folder;
  simulator::MediaStore store;
  std::unique_ptr<simulator::MediaHosts> hosts;
  std::optional<runtime::HttpClient> http;
  FakeChannel channel{live.loop};
  store::DeviceCredentials credentials;
  CurrentConnection connection{live.loop, base::Log{}, std::chrono::seconds{5}};
  MediaDesk desk{live.loop, connection, random, base::Log{}};
  std::optional<MediaTransport> transport;
  int questions = 0;  // for media_conn
  bool refuse_questions = false;
};

}  // namespace whatsapp::test
