"""Known streams of bytes between guests: each gives and takes any number of them, and compares every byte.

    python3 streams.py          prints "ready", obeys stdin, ends with it

Input:   give KIND ADDRESS PORT SEED BYTES     KIND: tcp, udp, or uso (UDP_SEGMENT: many datagrams in a call)
Output:  gave SEED                        all of it was taken
         took KIND SEED same              or what differs

The bytes follow from the seed. Datagrams come in their order and once, or that is what differs: the giver waits for
word of each part, so that no queue on the way overflows.
"""
import os
import random
import socket
import struct
import sys
import threading

PORT = 5001
SECONDS_MAX = 20
SO_RCVBUFFORCE = 33
UDP_SEGMENT = 103
STREAM = struct.Struct("!QQ")  # seed, bytes
DATAGRAM = struct.Struct("!QQII")  # seed, bytes, place, 1: many datagrams in a call
PIECE = 1392  # of the stream in a datagram
CALL = 20  # datagrams
PART = 2 * CALL


def bytes_of(seed, count):
    return random.Random(seed).randbytes(count)


def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\n").encode())  # a line at once, whichever thread says it


def read_all(peer, count):
    parts = []
    while count > 0 and (part := peer.recv(min(count, 1 << 20))):
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def take_tcp(listener):
    while True:
        peer, _ = listener.accept()
        with peer:
            seed, count = STREAM.unpack(read_all(peer, STREAM.size))
            taken = read_all(peer, count + 1)
            say("took", "tcp", seed, difference(taken, bytes_of(seed, count)))


def difference(taken, wanted):
    if taken == wanted:
        return "same"
    place = next((i for i, (a, b) in enumerate(zip(taken, wanted)) if a != b), min(len(taken), len(wanted)))
    return f"differs at {place}, {len(taken)} bytes of {len(wanted)}"


def take_udp(sink):
    known = {}  # by seed and kind: the stream, how many datagrams of it have come
    while True:
        datagram, giver = sink.recvfrom(65536)
        seed, count, place, many = DATAGRAM.unpack_from(datagram)
        kind = "uso" if many else "udp"
        stream, come = known.get((seed, kind)) or (bytes_of(seed, count), 0)
        known[seed, kind] = (stream, come + 1)
        if place != come:
            say("took", kind, seed, f"datagram {place} as number {come}")
        if datagram[DATAGRAM.size:] != stream[place * PIECE:(place + 1) * PIECE]:
            say("took", kind, seed, f"other bytes in datagram {place}")
        last = -(-count // PIECE) - 1
        if place == last:
            say("took", kind, seed, "same")
        if place == last or place % PART == PART - 1:
            sink.sendto(datagram[:DATAGRAM.size], giver)


def give_tcp(place, seed, count):
    with socket.create_connection(place, SECONDS_MAX) as peer:
        peer.sendall(STREAM.pack(seed, count) + bytes_of(seed, count))
        peer.shutdown(socket.SHUT_WR)
        peer.recv(1)


def give_udp(place, seed, count, many):
    stream = bytes_of(seed, count)
    datagrams = [
        DATAGRAM.pack(seed, count, at // PIECE, many) + stream[at:at + PIECE] for at in range(0, count, PIECE)
    ]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as source:
        source.settimeout(SECONDS_MAX)
        source.connect(place)
        if many:
            source.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, DATAGRAM.size + PIECE)
        step = CALL if many else 1
        for first in range(0, len(datagrams), PART):
            part = datagrams[first:first + PART]
            for at in range(0, len(part), step):
                source.send(b"".join(part[at:at + step]))
            source.recv(65536)


def start(take, device):
    threading.Thread(target=take, args=(device,), daemon=True).start()


def main():
    sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sink.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
    sink.bind(("", PORT))
    start(take_udp, sink)
    start(take_tcp, socket.create_server(("", PORT)))
    say("ready")
    for line in sys.stdin:
        _, kind, address, port, seed, count = line.split()
        place = (address, int(port))
        if kind == "tcp":
            give_tcp(place, int(seed), int(count))
        else:
            give_udp(place, int(seed), int(count), int(kind == "uso"))
        say("gave", seed)


main()
