// Unix stream sockets: listening, dialling, accepting. unix(7).
#pragma once

#include <sys/socket.h>

#include "failure.h"
#include "fd.h"

namespace taploom {

/** Listens at `path`, which must not exist yet, with mode 0600 (less the umask). */
Failure listen_unix(const char* path, Fd& listener);

/** Connects to the listener at `path`; never waits: EAGAIN where its backlog is full. */
Failure connect_unix(const char* path, Fd& connection);

/** Who connected a Unix stream socket. */
Failure peer_of(int fd, ucred& peer);

/** The next connection that waits, or an empty Fd with errno set. */
Fd accept_unix(int listener);

}  // namespace taploom
