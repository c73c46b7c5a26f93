// Our own readers of media files (the decoders of others run fenced in).
#include <sys/mman.h>
#include <unistd.h>

#include "input.h"
#include "previews/film.h"
#include "previews/pages.h"
#include "previews/picture.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const int kFile = ::memfd_create("fuzz", MFD_CLOEXEC);
  if (::ftruncate(kFile, 0) != 0 || ::pwrite(kFile, data, size, 0) < 0) return 0;
  ::lseek(kFile, 0, SEEK_SET);
  (void)previews::kind_of({data, size});
  (void)previews::exif_orientation({data, size});
  (void)previews::film_shape(kFile);
  (void)previews::pdf_pages(kFile);
  return 0;
}
