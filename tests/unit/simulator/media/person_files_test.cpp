#include "simulator/media/person_files.h"

#include <doctest/doctest.h>

#include "../recorder.h"
#include "simulator/person.h"

namespace simulator {
namespace {

using whatsapp::media::MediaKind;

FileToSend picture(base::Bytes bytes) {
  FileToSend file;
  file.facts.kind = MediaKind::kImage;
  file.facts.mimetype = "image/jpeg";
  file.facts.caption = "look";
  file.facts.width = 3;
  file.content = std::move(bytes);
  return file;
}

TEST_CASE("files of every kind come as they were sent, with what was said of them") {
  Desk desk;
  SimulatedContact& alice = desk.contact();
  SimulatedContact& bob = desk.contact();
  for (const std::string_view word :
       {"image", "video", "gif", "ptv", "audio", "ptt", "document", "sticker"}) {
    CAPTURE(word);
    const base::Bytes bytes = desk.world.random().bytes(70'000);
    FileToSend file = picture(bytes);
    file.facts.kind = *file_kind_from(word);
    file.facts.file_name = "a.bin";
    const auto id = send_file(desk.world, alice, bob.pn(), file);
    REQUIRE(id);
    desk.settle();
    CHECK(bob.received().back().id == *id);
    const auto got = received_file(bob, *id);
    REQUIRE(got);
    CHECK(file_kind_word(got->kind) == word);
    CHECK(got->mimetype == "image/jpeg");
    const auto fetched = fetch_bytes(desk.core().state().media, *got);
    REQUIRE(fetched);
    CHECK(*fetched == bytes);
  }
}

TEST_CASE("a file that has expired, was damaged or is another one is not taken for it") {
  Desk desk;
  SimulatedContact& alice = desk.contact();
  SimulatedContact& bob = desk.contact();
  MediaStore& store = desk.core().state().media;
  const auto id = send_file(desk.world, alice, bob.pn(), picture({1, 2, 3}));
  REQUIRE(id);
  desk.settle();
  const FileReference sent = *received_file(bob, *id);

  FileReference wrong_hash = sent;
  wrong_hash.file_enc_sha256.front() ^= 1;
  CHECK(fetch_file(store, wrong_hash, {}).error().code == base::ErrorCode::kCorrupt);
  FileReference wrong_kind = sent;
  wrong_kind.kind = MediaKind::kVideo;
  CHECK(fetch_file(store, wrong_kind, {}).error().code == base::ErrorCode::kCrypto);
  FileReference wrong_claim = sent;
  wrong_claim.file_sha256.front() ^= 1;
  CHECK(fetch_file(store, wrong_claim, {})->claims == FetchedFile::Claims::kWrongHash);

  REQUIRE(store.expire({}, 410));
  CHECK(fetch_file(store, sent, {}).error().code == base::ErrorCode::kNotFound);
}

TEST_CASE("what is published again has another path and the same bytes") {
  MediaStore store;
  const auto first = store.add(base::as_bytes("some bytes"), "image");
  REQUIRE(first);
  REQUIRE(store.expire(first->id, 404));
  const auto second = store.publish_again(first->id);
  REQUIRE(second);
  CHECK(second->direct_path != first->direct_path);
  CHECK(store.find(second->direct_path)->gone == 0);
  CHECK(store.find(first->direct_path)->gone == 404);
  CHECK(store.find(second->direct_path)->file == first->file);
}

TEST_CASE("a channel's file is not encrypted and has a handle") {
  Desk desk;
  MediaStore& store = desk.core().state().media;
  FileToSend file = picture({4, 5, 6});
  file.zone = FileToSend::Zone::kChannel;
  REQUIRE(upload_file(store, file, whatsapp::media::MediaKey{}, 0));
  CHECK(file.facts.media_key.empty());
  CHECK_FALSE(store.find(file.facts.direct_path)->handle.empty());
  CHECK(*fetch_bytes(store, file.facts) == base::Bytes{4, 5, 6});
}

}  // namespace
}  // namespace simulator
