"""Says what address and port a peer is seen with. For both ends of a translation.

    python3 echo.py serve tcp|udp PORT...           answers each connection or datagram with the peer's ADDRESS:PORT
    python3 echo.py ask tcp|udp ADDRESS PORT [OWN]  asks from a port of its own and prints the answer; 1 if there is none

Servers say "ready" first, then a line for each peer; they end when they are killed.
"""
import select
import socket
import sys

KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}
PATIENCE_S = 1.5  # a lost SYN is sent again after 1 s


def bound(kind, port):
    end = socket.socket(socket.AF_INET, KINDS[kind])
    end.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    end.bind(("", port))
    if kind == "tcp" and port and sys.argv[1] == "serve":
        end.listen()
    return end


def answer(server):
    if server.type == socket.SOCK_DGRAM:
        peer = server.recvfrom(65536)[1]
        server.sendto(b"%s:%d" % (peer[0].encode(), peer[1]), peer)
    else:
        connection, peer = server.accept()
        connection.sendall(b"%s:%d" % (peer[0].encode(), peer[1]))
        connection.close()
    print("%s:%d" % peer, flush=True)


def serve(kind, *ports):
    servers = [bound(kind, int(port)) for port in ports]
    print("ready", flush=True)
    while True:
        for server in select.select(servers, [], [])[0]:
            answer(server)


def ask(kind, address, port, own="0"):
    client = bound(kind, int(own))
    client.settimeout(PATIENCE_S)
    try:
        client.connect((address, int(port)))
        if kind == "udp":
            client.send(b"?")
        print(client.recv(100).decode())
    except OSError as error:
        sys.exit(f"no answer: {error}")


{"serve": serve, "ask": ask}[sys.argv[1]](*sys.argv[2:])
