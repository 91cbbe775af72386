# The native addon (native/): see tools/build-addon.js, which calls node-gyp on this.
{
  "targets": [
    {
      "target_name": "taploom",
      "sources": [
        "native/addon.cc",
        "native/addon_arguments.cc",
        "native/addon_poller.cc",
        "native/checksum.cc",
        "native/device.cc",
        "native/failure.cc",
        "native/memory.cc",
        "native/packet.cc",
        "native/packet_receiver.cc",
        "native/pipe.cc",
        "native/poller.cc",
        "native/poller_turn.cc",
        "native/ring.cc",
        "native/seat.cc",
        "native/segment.cc",
        "native/sharing.cc",
        "native/socket.cc",
        "native/steering.cc",
        "native/tap.cc",
        "native/tap_batch.cc",
        "native/uring.cc",
      ],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=8", "NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS"],
      "cflags": [
        "-O2", "-Wall", "-Wextra", "-Werror",
        # What guests send passes through here: an overrun ends the process instead of going on with what it wrote.
        "-fstack-protector-strong", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2",
      ],
      "ldflags": ["-Wl,-z,relro,-z,now"],
      "cflags_cc": ["-std=c++17"],
    },
  ],
}
