#include "attachments/media_type.h"

#include <doctest/doctest.h>

using namespace worker;

TEST_CASE("first bytes tell what a file is") {
  const auto sniff = [](std::string_view head) { return sniffed_mimetype(base::as_bytes(head)); };
  using namespace std::string_view_literals;
  CHECK(sniff("\xff\xd8\xff\xe0") == "image/jpeg");
  CHECK(sniff("\x89PNG\r\n") == "image/png");
  CHECK(sniff("RIFF\0\0\0\0WEBPVP8 "sv) == "image/webp");
  CHECK(sniff("RIFF\0\0\0\0WAVE"sv) == "audio/wav");
  CHECK(sniff("GIF89a") == "image/gif");
  CHECK(sniff("\0\0\0\x18"
              "ftypisom"sv) == "video/mp4");
  CHECK(sniff("\0\0\0\x18"
              "ftyp3gp4"sv) == "video/3gpp");
  CHECK(sniff("\0\0\0\x18"
              "ftypM4A "sv) == "audio/mp4");
  CHECK(sniff("OggS....OpusHead") == "audio/ogg; codecs=opus");
  CHECK(sniff("OggS....") == "audio/ogg");
  CHECK(sniff("ID3\3") == "audio/mpeg");
  CHECK(sniff("\xff\xfb\x90") == "audio/mpeg");
  CHECK(sniff("\xff\xf1\x50") == "audio/aac");
  CHECK(sniff("%PDF-1.7") == "application/pdf");
  CHECK(sniff("PK\3\4") == "application/zip");
  CHECK(sniff("hello").empty());
  CHECK(sniff("").empty());
  CHECK(sniff("RIFF").empty());
}

TEST_CASE("types and extensions") {
  CHECK(extension_of("image/jpeg") == "jpg");
  CHECK(extension_of("Audio/OGG ; codecs=opus") == "ogg");
  CHECK(extension_of("application/x-tar") == "bin");
  CHECK(extension_of("application/json") == "json");
  CHECK(extension_of("application/../../etc") == "bin");
  CHECK(extension_of("") == "bin");
  CHECK(mimetype_of_name("a.B.JPEG") == "image/jpeg");
  CHECK(mimetype_of_name("x.docx").ends_with("document"));
  CHECK(mimetype_of_name("x").empty());
}

TEST_CASE("a name from outside never leaves its folder") {
  CHECK(safe_file_name("../../etc/passwd", "x") == "passwd");
  CHECK(safe_file_name("C:\\Windows\\evil.exe", "x") == "evil.exe");
  CHECK(safe_file_name("...hidden", "x") == "hidden");
  CHECK(safe_file_name("a\r\nb\tc.txt", "x") == "abc.txt");
  CHECK(safe_file_name("..", "file") == "file");
  CHECK(safe_file_name("dir/", "file") == "file");
  const std::string cut = safe_file_name(std::string(300, 'a') + ".pdf", "x");
  CHECK(cut.size() == 255);
  CHECK(cut.ends_with("a.pdf"));
  std::string accents;
  for (int i = 0; i < 200; ++i) accents += "é";
  CHECK(safe_file_name(accents, "x").size() == 254);
}

TEST_CASE("a kind follows from the contract's word, or from the type") {
  CHECK(media_kind_of("ptt", "") == MediaKind::kPtt);
  CHECK(media_kind_of("gif", "video/mp4") == MediaKind::kGif);
  CHECK(media_kind_of("", "image/png; x") == MediaKind::kImage);
  CHECK(media_kind_of("", "audio/ogg") == MediaKind::kAudio);
  CHECK(media_kind_of("", "application/pdf") == MediaKind::kDocument);
  CHECK(media_kind_of("", "") == MediaKind::kDocument);
  CHECK_FALSE(media_kind_of("poll", "image/png").has_value());
  CHECK(media_type_word(MediaKind::kGif) == "video");
  CHECK(SizeLimits{}.of(MediaKind::kPtt) == 16u << 20);
  CHECK(SizeLimits{}.of(MediaKind::kDocument) == 2000ull << 20);
}
