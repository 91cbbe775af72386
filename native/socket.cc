// See socket.h.

#include "socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

namespace taploom {

namespace {

constexpr int BACKLOG = 16;

Failure failed(const char* doing, const char* path, int error) {
  return {error, std::string(doing) + " \"" + path + '"'};
}

/** errno, or 0 with the address filled in. */
int address_of(const char* path, sockaddr_un& address) {
  address = {};
  address.sun_family = AF_UNIX;
  const size_t length = strlen(path);
  if (length == 0) return EINVAL;  // the kernel would choose an abstract name
  if (length >= sizeof address.sun_path) return ENAMETOOLONG;
  memcpy(address.sun_path, path, length);
  return 0;
}

Fd stream_socket() { return Fd(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)); }

}  // namespace

Failure listen_unix(const char* path, Fd& listener) {
  constexpr const char* doing = "listening at";
  sockaddr_un address;
  if (int error = address_of(path, address)) return failed(doing, path, error);
  Fd fd = stream_socket();
  // The file gets the socket's own mode, so that it is never open to others and no umask has to change,
  // which belongs to the whole process.
  if (!fd || fchmod(fd.get(), S_IRUSR | S_IWUSR) < 0 ||
      bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) < 0 || listen(fd.get(), BACKLOG) < 0) {
    return failed(doing, path, errno);
  }
  listener = std::move(fd);
  return {};
}

Failure connect_unix(const char* path, Fd& connection) {
  constexpr const char* doing = "connecting to";
  sockaddr_un address;
  if (int error = address_of(path, address)) return failed(doing, path, error);
  Fd fd = stream_socket();
  if (!fd || connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) < 0) {
    return failed(doing, path, errno);
  }
  connection = std::move(fd);
  return {};
}

Failure peer_of(int fd, ucred& peer) {
  socklen_t size = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) return {errno, "asking who is at the other end"};
  return {};
}

Fd accept_unix(int listener) { return Fd(accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)); }

}  // namespace taploom
