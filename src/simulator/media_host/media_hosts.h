// The media hosts on the network: HTTPS on as many ports as there are hosts, all of them in front of one
// MediaStore. Each connection has a thread, because bodies of gigabytes go between socket and disk and must
// not keep the loop from anything.
#pragma once

#include <atomic>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "simulator/media_host/media_store.h"
#include "simulator/media_host/tls_stream.h"
#include "simulator/settings.h"

namespace simulator {

class MediaHosts {
 public:
  /// Listens, and tells the store the hosts' names. kIo when a port cannot be bound.
  static base::Result<std::unique_ptr<MediaHosts>> start(MediaStore& store, const MediaSettings& settings,
                                                         const std::string& bind);
  ~MediaHosts();  // cuts what is open, joins all threads
  MediaHosts(const MediaHosts&) = delete;
  MediaHosts& operator=(const MediaHosts&) = delete;

  /// PEM of the authority that clients must trust.
  [[nodiscard]] const std::string& authority() const { return authority_; }

 private:
  struct Listener {
    int socket = -1;
    std::string name;
  };
  struct Connection {
    int socket = -1;
    std::atomic<bool> over = false;
    std::thread thread;
  };

  MediaHosts(MediaStore& store, TlsContext tls, std::string authority)
      : store_(store), tls_(std::move(tls)), authority_(std::move(authority)) {}
  base::Result<void> listen(const std::string& bind, int port);
  void accept_connections();
  void accept_one(const Listener& listener);
  void serve(Connection& connection, const std::string& host);
  void reap();

  MediaStore& store_;
  TlsContext tls_;
  std::string authority_;
  std::vector<Listener> listeners_;
  int wake_[2] = {-1, -1};  // a pipe that ends the accepting thread
  std::mutex mutex_;
  std::list<std::unique_ptr<Connection>> connections_;  // guarded by mutex_
  std::thread acceptor_;
};

}  // namespace simulator
