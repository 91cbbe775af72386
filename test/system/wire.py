"""The guest's bare wire: frames in and out of one device, in hex, a line each. Read packet(7).

    python3 wire.py DEVICE

Lines on stdin are sent as they stand; frames that arrive are printed whole, with the tag that the kernel took off
put back. What the device itself sends is left out. Says "ready" first; ends with its stdin.
"""
import os
import select
import socket
import struct
import sys

ETH_P_ALL = 3
SOL_PACKET = 263
PACKET_AUXDATA = 8
PACKET_IGNORE_OUTGOING = 23
AUXDATA = struct.Struct("=IIIHHHH")  # status, len, snaplen, mac, net, vlan_tci, vlan_tpid
VLAN_VALID = 0x10
VLAN_TPID_VALID = 0x40
ADDRESSES = 12  # bytes in front of the tag


def open_wire(device):
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    wire.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    wire.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    wire.bind((device, ETH_P_ALL))
    return wire


def receive(wire):
    frame, controls, _, _ = wire.recvmsg(65536, socket.CMSG_SPACE(AUXDATA.size))
    for level, kind, data in controls:
        if level != SOL_PACKET or kind != PACKET_AUXDATA:
            continue
        status, _, _, _, _, tci, tpid = AUXDATA.unpack(data[:AUXDATA.size])
        if status & VLAN_VALID:
            tag = struct.pack(">HH", tpid if status & VLAN_TPID_VALID else 0x8100, tci)
            frame = frame[:ADDRESSES] + tag + frame[ADDRESSES:]
    return frame


def main():
    wire = open_wire(sys.argv[1])
    stdin = sys.stdin.fileno()
    begun = b""
    print("ready", flush=True)
    while True:
        ready = select.select([wire, stdin], [], [])[0]
        if wire in ready:
            print(receive(wire).hex(), flush=True)
        if stdin in ready:
            bytes_read = os.read(stdin, 65536)
            if not bytes_read:
                return
            *lines, begun = (begun + bytes_read).split(b"\n")
            for line in lines:
                wire.send(bytes.fromhex(line.decode()))


main()
