"""Many UDP flows at once, each numbered, from one guest to another: none may come out of its order, or twice.

    python3 flows.py take                  prints "ready", and at the end what came, as JSON
    python3 flows.py give SECONDS FROM,... TO,...

A flow is a source address, a source port and a destination. A datagram is the flow and its number there; every third
one is longer than the MTU, so that it is sent in fragments. The last datagram is empty.
"""
import json
import socket
import struct
import sys
import time

PORT = 5002
PORTS = 4  # of each source address
PLACE = struct.Struct("!II")
SIZES = (12, 700, 3000)
SO_RCVBUFFORCE = 33
BURST = 64  # datagrams between two looks at the clock
PAUSE = 0.001  # after them, so that buffers do not overflow at once


def take():
    sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sink.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
    sink.bind(("", PORT))
    print("ready", flush=True)
    last, frames, wrong = {}, 0, []
    while datagram := sink.recv(65536):
        flow, number = PLACE.unpack_from(datagram)
        if number <= last.get(flow, -1):
            wrong.append(f"{number} of flow {flow} after {last[flow]}")
        last[flow] = number
        frames += 1
    print(json.dumps({"flows": len(last), "frames": frames, "wrong": wrong[:10]}))


def give(seconds, sources, targets):
    flows = []
    for source in sources:
        for _ in range(PORTS):
            end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            end.bind((source, 0))
            flows += [(end, target) for target in targets]
    numbers = [0] * len(flows)
    flow = sent = 0
    end_at = time.monotonic() + seconds
    while time.monotonic() < end_at:
        for _ in range(BURST):
            flow = (flow + 1) % len(flows)
            end, target = flows[flow]
            piece = PLACE.pack(flow, numbers[flow]).ljust(SIZES[numbers[flow] % len(SIZES)], b".")
            numbers[flow] += 1
            try:
                end.sendto(piece, (target, PORT))
                sent += 1
            except OSError:
                pass  # the way is closed for a moment: what is not sent cannot be late
        time.sleep(PAUSE)
    time.sleep(0.5)  # what is on its way in other queues comes before the end
    flows[0][0].sendto(b"", (targets[0], PORT))
    print(json.dumps({"flows": len(flows), "frames": sent}))


if sys.argv[1] == "take":
    take()
else:
    give(float(sys.argv[2]), sys.argv[3].split(","), sys.argv[4].split(","))
