"""Says what address and port a peer is seen with. For both ends of a translation.

    python3 echo.py serve tcp|udp PORT...           answers each connection or datagram with the peer's ADDRESS:PORT
    python3 echo.py ask             asks for each line "ID tcp|udp ADDRESS PORT OWN" from a port of its own, several at once;
                                    prints "ID ANSWER", or "ID" alone where there is none

    python3 echo.py scan ADDRESS COUNT                sends a datagram to each of so many ports, from a port of its own
    python3 echo.py drip PORT          sends a number, counting up, ten times a second to the first who connects
    python3 echo.py sip ADDRESS PORT   prints what such a server sends, and says nothing to it

Servers say "ready" first; they end when they are killed.
"""
import select
import socket
import sys
import threading
import time

KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}
PATIENCE_S = 1.5  # a lost SYN is sent again after 1 s


def bound(kind, port):
    end = socket.socket(socket.AF_INET, KINDS[kind])
    end.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    end.bind(("", port))
    if kind == "tcp" and sys.argv[1] in ("serve", "drip"):
        end.listen()
    return end


def answer(server):
    if server.type == socket.SOCK_DGRAM:
        peer = server.recvfrom(65536)[1]
        server.sendto(text(peer), peer)
    else:
        connection, peer = server.accept()
        connection.sendall(text(peer))
        connection.close()


def text(peer):
    return b"%s:%d" % (peer[0].encode(), peer[1])


def serve(kind, *ports):
    servers = [bound(kind, int(port)) for port in ports]
    print("ready", flush=True)
    while True:
        for server in select.select(servers, [], [])[0]:
            answer(server)


def answer_of(kind, address, port, own):
    with bound(kind, int(own)) as client:
        client.settimeout(PATIENCE_S)
        try:
            client.connect((address, int(port)))
            if kind == "udp":
                client.send(b"?")
            return client.recv(100).decode()
        except OSError:
            return ""


def ask():
    def say(number, *question):
        print(f"{number} {answer_of(*question)}\n", end="", flush=True)

    print("ready", flush=True)
    for line in sys.stdin:
        threading.Thread(target=say, args=line.split(), daemon=True).start()


def scan(address, count):
    held = []  # each keeps its port from being used again at once
    for port in range(1, int(count) + 1):
        held.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        held[-1].sendto(b"?", (address, port))
        if len(held) > 500:
            held.pop(0).close()


def drip(port):
    server = bound("tcp", int(port))
    print("ready", flush=True)
    connection, _ = server.accept()
    number = 0
    while True:
        connection.sendall(b"%d\n" % number)
        number += 1
        time.sleep(0.1)


def sip(address, port):
    with socket.create_connection((address, int(port))) as connection:
        for line in connection.makefile():
            print(line, end="", flush=True)


{"serve": serve, "ask": ask, "scan": scan, "drip": drip, "sip": sip}[sys.argv[1]](*sys.argv[2:])
