"""Known streams of bytes from one guest to another, one after the other: every byte tells its place.

    python3 stream.py take KIND...                prints "ready", and for each "KIND: same BYTES", or what differs
    python3 stream.py give ADDRESS KIND BYTES...

KIND: tcp, udp (a datagram a call) or uso (UDP_SEGMENT: many a call, which Linux leaves to the device to take apart).
A datagram begins with its place in the stream; the one that ends it says that by having nothing else.
"""
import socket
import struct
import sys
import time

PORT = 5001
PATTERN = bytes((i * i * 31 + (i >> 3)) & 255 for i in range(65521)) * 3
PERIOD = 65521
SO_RCVBUFFORCE = 33
UDP_SEGMENT = 103
PIECE = 1392  # of the stream in a datagram
DATAGRAMS = 20  # in a call
PLACE = struct.Struct("!Q")


def bytes_at(place, count):
    first = place % PERIOD
    return PATTERN[first:first + count]


def check(place, received):
    if received != bytes_at(place, len(received)):
        sys.exit(f"differs between {place} and {place + len(received)}")


def take_tcp(listener):
    peer, _ = listener.accept()
    place = 0
    while received := peer.recv(65536):
        check(place, received)
        place += len(received)
    return place


def take_udp(sink):
    places = set()
    while True:
        datagram = sink.recv(65536)
        if len(datagram) == PLACE.size:
            if not places:
                continue  # what ended the stream before came more than once
            return len(places) * PIECE
        (place,) = PLACE.unpack_from(datagram)
        check(place, datagram[PLACE.size:])
        places.add(place)


def give_tcp(address, count):
    with socket.create_connection((address, PORT)) as peer:
        for place in range(0, count, 65536):
            peer.sendall(bytes_at(place, min(65536, count - place)))
        peer.shutdown(socket.SHUT_WR)
        peer.recv(1)  # its end: all has been taken, and nothing is on its way any more


def give_udp(address, count, segmented):
    source = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    source.connect((address, PORT))
    if segmented:
        source.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, PLACE.size + PIECE)
    datagrams = [PLACE.pack(place) + bytes_at(place, PIECE) for place in range(0, count, PIECE)]
    step = DATAGRAMS if segmented else 1
    for first in range(0, len(datagrams), step):
        source.send(b"".join(datagrams[first:first + step]))
        time.sleep(0.0002 * step)  # slower than what any queue on the way overflows at
    time.sleep(0.2)
    try:
        for _ in range(5):
            source.send(PLACE.pack(0))
    except ConnectionRefusedError:
        pass  # the first ones ended the last stream, and who took it has gone


def take(*kinds):
    listener = socket.create_server(("", PORT))
    sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sink.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
    sink.bind(("", PORT))
    print("ready", flush=True)
    for kind in kinds:
        print(f"{kind}: same", take_tcp(listener) if kind == "tcp" else take_udp(sink), flush=True)


def give(address, *streams):
    for kind, count in zip(streams[::2], map(int, streams[1::2])):
        if kind == "tcp":
            give_tcp(address, count)
        else:
            give_udp(address, count, kind == "uso")


{"take": take, "give": give}[sys.argv[1]](*sys.argv[2:])
