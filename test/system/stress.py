"""A machine under stress: sends flows of frames that tell their place, and looks at the order of those that arrive.

    python3 stress.py DEVICE     prints "ready", obeys stdin, ends with it

Input:   talk FLOW SOURCE DESTINATION           sends frames of a flow from now on; MACs as hex
         show FLOW SOURCE DESTINATION COUNT     sends so many more of a flow
         end                                    sends no more
         count
Output:  sent FRAMES                            after "end"
         got FRAMES lost FRAMES faults FRAMES   after "count"; lost: for want of room in this machine
         fault …                                a frame that came twice, late, or not as it was sent; the first few
"""
import os
import socket
import struct
import sys
import threading
import time

TYPE = 0x88B5
SOL_PACKET = 263
PACKET_ADD_MEMBERSHIP, PACKET_STATISTICS, PACKET_MR_PROMISC = 1, 6, 1
SO_RCVBUFFORCE = 33
BURST = 16
PAUSE_S = 0.004
PLACE = struct.Struct("!II")  # flow, place
FILL_AT = 14 + PLACE.size
FAULTS_TOLD = 5


def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def frame_of(start, flow, place):
    return start + PLACE.pack(flow, place) + bytes([place & 255]) * (60 + place * 31 % 1440 - FILL_AT)


class Talker:
    def __init__(self, wire):
        self.wire = wire
        self.lock = threading.Lock()
        self.talking = []
        self.places = {}
        threading.Thread(target=self.talk, daemon=True).start()

    def talk(self):
        while True:
            for flow, start in list(self.talking):
                self.send(flow, start, BURST)
            time.sleep(PAUSE_S)

    def send(self, flow, start, count):
        with self.lock:
            for _ in range(count):
                place = self.places.setdefault(flow, 0)
                try:
                    self.wire.send(frame_of(start, flow, place))
                except OSError:
                    return  # the device is down, or full
                self.places[flow] = place + 1

    def end(self):
        self.talking.clear()
        with self.lock:
            return sum(self.places.values())


class Listener:
    def __init__(self, wire):
        self.wire = wire
        self.got = self.lost = self.faults = 0
        self.last = {}
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            try:
                self.take(self.wire.recv(65536))
            except OSError:
                time.sleep(0.01)  # the device went down

    def take(self, frame):
        self.got += 1
        flow, place = PLACE.unpack_from(frame, 14)
        last = self.last.get(flow, -1)
        if place <= last or frame != frame_of(frame[:14], flow, place):
            self.faults += 1
            if self.faults <= FAULTS_TOLD:
                say("fault", flow, place, "after", last, frame[:40].hex())
        self.last[flow] = place

    def count(self):
        self.lost += struct.unpack("II", self.wire.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1]
        return self.got, self.lost, self.faults


def open_wire(device):
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    wire.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
    wire.bind((device, TYPE))
    index = socket.if_nametoindex(device)
    wire.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, struct.pack("iHH8s", index, PACKET_MR_PROMISC, 0, b""))
    return wire


def main():
    wire = open_wire(sys.argv[1])
    talker, listener = Talker(wire), Listener(wire)
    say("ready")
    for line in sys.stdin:
        action, *words = line.split()
        if action in ("talk", "show"):
            start = bytes.fromhex(words[2] + words[1]) + struct.pack("!H", TYPE)
            if action == "talk":
                talker.talking.append((int(words[0]), start))
            else:
                talker.send(int(words[0]), start, int(words[3]))
        elif action == "end":
            say("sent", talker.end())
        else:
            say("got {} lost {} faults {}".format(*listener.count()))


main()
