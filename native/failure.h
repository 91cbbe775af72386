// What went wrong, as the pure part tells it to whoever called: an errno and what was being done.
#pragma once

#include <string>

namespace taploom {

struct Failure {
  int error = 0;  // errno; 0: nothing failed
  std::string what;

  explicit operator bool() const { return error != 0; }
};

/** `EPERM`, `ENOENT`, …; `EUNKNOWN` for those that no call of ours is documented to give. */
const char* errno_name(int error);

}  // namespace taploom
