#include "whatsapp/media/media_keys.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "base/encoding.h"
#include "media_bench.h"

using namespace whatsapp::media;

TEST_CASE("a media key gives each kind the keys that other clients derive") {
  struct Known {
    MediaKind kind;
    const char* iv;
    const char* cipher_key;
    const char* mac_key;
  };
  constexpr Known kKnown[] = {
      {MediaKind::kImage, "aa6a127218397cbd2383e4ccf7176a79",
       "008c9aea9b7c5d81eb56b3f530f87d42dcc92d27b11ad6b5bd66f0560d0d8c46",
       "91d09ffec108833c1699574c52657923fb6e3e161d9698bc6b3a05fbc508a515"},
      {MediaKind::kVideo, "f1dee5782cc4e2e7b07233b1e25de59b",
       "8564567ee06fa7006edab56a13c2b0a1431beb8efe698efad0f258e65feb5395",
       "259ad46118adcf3cd134ae881831c6865db31a8fa0bbce7bc3bcb9fcf369fcda"},
      {MediaKind::kAudio, "13f8935709c20e2e8b0680f81b0dd5fb",
       "a61016c0347747b75bb8a8f6d7bcdb863ac5eb702662755054fe77db27b7c1c0",
       "9ec93580944b6656b0babacf55026028ff6c68bb134a4fd082c12b5463a3bb79"},
      {MediaKind::kDocument, "25e9d370804de0bb33ea5db79453db66",
       "b75c2bed8e162ad63dd02b6b9fbda46b8ad2692e99ed0f877d0ab48a86fff790",
       "94a393dafdca1265c99e197425de98f15f7d87d34714ea901f7eefc29c99e5ac"},
      {MediaKind::kHistory, "1bbd91064f1502e1ad57057640fd66a2",
       "9dc9501b504a210bf20cf49eaa9d76f4ae29094d358c7178de23d4c4702a1eef",
       "9e46652edeb6d05209b09762f8ad479d416bd00e4998e65be81ecc5580861b2f"},
      {MediaKind::kAppState, "c9c77ad8c829a4b405fdd16b4bcbd36b",
       "d7570410fb6eb14c54a665d7cab9e9329e6b116e21197ce60e20d106b2a1ce14",
       "d7e9c1661294927c19e760e82c4ab1702e01dcff5d2b7a8a7c94899efb3e47cd"},
      {MediaKind::kLinkThumbnail, "760c15df75946aad364036ed626ebaf8",
       "ae1678eb1ac461a13cd5f3f63a841f92e88052b4307683e49bcfdd6262a333b1",
       "fe127195f24f776f878e77e9d781ce237265353c8d2cd37b0a4f67dcdd3f039f"},
      {MediaKind::kStickerPack, "a072467b14dfc2656b07a90a93b30166",
       "62bceb3e0caf6287f0116a98ecf941373e609fa88cb02a12ad0fd1f4148f7f1e",
       "7e2d2176345ad047cab12dee0328194a79334f58e8465803af7aee48581fdbb2"},
      {MediaKind::kGroupHistory, "a1a11bcadd6e04232de1b1f303f28f1f",
       "36298c906389b22e234902614eea48df3e04b3f833fb0610e90d486807cc1e93",
       "2f899fdbdc8e23b44d47b55708c36207352bf5fa8fcae5502a0aeaeb80ac5e3e"},
  };
  for (const Known& known : kKnown) {
    const MediaKeys keys{media_bench::counting_key(), known.kind};
    CHECK(base::to_hex(keys.iv()) == known.iv);
    CHECK(base::to_hex(keys.cipher_key()) == known.cipher_key);
    CHECK(base::to_hex(keys.mac_key()) == known.mac_key);
  }
  CHECK(base::to_hex(MediaKeys{media_bench::counting_key(), MediaKind::kImage}.reference_key()) ==
        "4d4981725e9eb39838fcff2130508f1360cbb319f99cef163d57ab7c050a667e");
}

TEST_CASE("kinds that share their keys share their place on the hosts") {
  for (int a = 0; a <= static_cast<int>(MediaKind::kGroupHistory); ++a)
    for (int b = 0; b <= static_cast<int>(MediaKind::kGroupHistory); ++b) {
      const auto first = static_cast<MediaKind>(a);
      const auto second = static_cast<MediaKind>(b);
      CHECK((key_label(first) == key_label(second)) == (mms_type(first) == mms_type(second)));
    }
}
