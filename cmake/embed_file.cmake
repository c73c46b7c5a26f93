# Writes OUTPUT: a C++ file with FUNCTION, which returns the bytes of SOURCE.
file(READ ${SOURCE} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
file(WRITE ${OUTPUT} "#include \"${HEADER}\"

namespace ${NAMESPACE} {
namespace {
constexpr unsigned char kContent[] = {${bytes}};
}  // namespace

std::string_view ${FUNCTION}() { return {reinterpret_cast<const char*>(kContent), sizeof(kContent)}; }
}  // namespace ${NAMESPACE}
")
