// Names of errors. glibc has strerrorname_np since 2.32 and musl has not; the list is short enough.

#include "failure.h"

#include <cerrno>

namespace taploom {

const char* errno_name(int error) {
  switch (error) {
#define NAME(code) \
  case code:       \
    return #code
    NAME(E2BIG);
    NAME(EACCES);
    NAME(EADDRINUSE);
    NAME(EADDRNOTAVAIL);
    NAME(EAFNOSUPPORT);
    NAME(EAGAIN);
    NAME(EBADF);
    NAME(EBADFD);
    NAME(EBUSY);
    NAME(ECONNABORTED);
    NAME(ECONNREFUSED);
    NAME(ECONNRESET);
    NAME(EEXIST);
    NAME(EFAULT);
    NAME(EFBIG);
    NAME(EHOSTUNREACH);
    NAME(EINTR);
    NAME(EINVAL);
    NAME(EIO);
    NAME(EISDIR);
    NAME(ELOOP);
    NAME(EMFILE);
    NAME(EMSGSIZE);
    NAME(ENAMETOOLONG);
    NAME(ENETDOWN);
    NAME(ENETUNREACH);
    NAME(ENFILE);
    NAME(ENOBUFS);
    NAME(ENODEV);
    NAME(ENOENT);
    NAME(ENOLINK);
    NAME(ENOMEM);
    NAME(ENOPROTOOPT);
    NAME(ENOSPC);
    NAME(ENOSYS);
    NAME(ENOTCONN);
    NAME(ENOTDIR);
    NAME(ENOTSOCK);
    NAME(ENOTTY);
    NAME(ENXIO);
    NAME(EOPNOTSUPP);
    NAME(EPERM);
    NAME(EPIPE);
    NAME(EPROTO);
    NAME(EPROTONOSUPPORT);
    NAME(EPROTOTYPE);
    NAME(ERANGE);
    NAME(EROFS);
    NAME(ESHUTDOWN);
    NAME(ETIMEDOUT);
    NAME(EXDEV);
#undef NAME
    default:
      return "EUNKNOWN";
  }
}

}  // namespace taploom
