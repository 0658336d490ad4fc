// What libFuzzer calls, for the target that the build names.

#include "tests/fuzz/targets.hpp"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  troupe::fuzz::TROUPE_FUZZ_TARGET(
      {reinterpret_cast<const char*>(bytes), size});
  return 0;
}
