// The addon as Node sees it: interface Addon of src/port/addon.ts, and nothing more. Only this file and addon_*.cc know
// Node-API. Each environment (the main thread, each worker) loads an instance of its own; what it made and did not
// close goes with it. Nothing is thrown through Node-API: failures become pending exceptions.

#include <napi.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "addon_arguments.h"
#include "addon_poller.h"
#include "device.h"
#include "failure.h"
#include "memory.h"
#include "socket.h"

namespace taploom {

namespace {

class Taploom : public Napi::Addon<Taploom> {
 public:
  Taploom(Napi::Env env, Napi::Object exports) {
    poller_class_ = Napi::Persistent(define_poller(env));
    DefineAddon(exports, {
                             InstanceMethod<&Taploom::open_tap>("openTap"),
                             InstanceMethod<&Taploom::open_packet>("openPacket"),
                             InstanceMethod<&Taploom::listen>("listen"),
                             InstanceMethod<&Taploom::connect>("connect"),
                             InstanceMethod<&Taploom::peer_of>("peerOf"),
                             InstanceMethod<&Taploom::duplicate>("duplicate"),
                             InstanceMethod<&Taploom::close>("close"),
                             InstanceMethod<&Taploom::ring>("ring"),
                             InstanceMethod<&Taploom::device_index>("deviceIndex"),
                             InstanceMethod<&Taploom::device_name>("deviceName"),
                             InstanceMethod<&Taploom::tap_name>("tapName"),
                             InstanceMethod<&Taploom::set_tap_mtu>("setTapMtu"),
                             InstanceMethod<&Taploom::prefer_large_pages>("preferLargePages"),
                             InstanceMethod<&Taploom::create_poller>("createPoller"),
                         });
  }

 private:
  static Napi::Value opened(Napi::Env env, const Failure& failure, Device& device) {
    if (failure) {
      raise(env, failure);
      return {};
    }
    Napi::Object result = Napi::Object::New(env);
    Napi::Array further = Napi::Array::New(env);
    for (Fd& fd : device.further) further.Set(further.Length(), fd.release());
    result.Set("fd", device.fd.release());
    result.Set("further", further);
    result.Set("created", device.created);
    result.Set("index", device.index);
    result.Set("mtu", device.mtu);
    result.Set("offload", device.offload);
    return result;
  }

  static Napi::Value opened(Napi::Env env, const Failure& failure, Fd& fd) {
    if (!failure) return Napi::Number::New(env, fd.release());
    raise(env, failure);
    return {};
  }

  Napi::Value open_tap(const Napi::CallbackInfo& info) {
    Arguments arguments(info);
    const std::string name = arguments.text(0, "name");
    const int mtu = arguments.integer(1, "mtu");
    const uint32_t queues = info[2].IsUndefined() ? 1 : arguments.count(2, "queues");
    if (!arguments.ok()) return {};
    Device device;
    return opened(info.Env(), taploom::open_tap(name.c_str(), mtu, queues, device), device);
  }

  Napi::Value open_packet(const Napi::CallbackInfo& info) {
    Arguments arguments(info);
    const std::string name = arguments.text(0, "name");
    if (!arguments.ok()) return {};
    Device device;
    return opened(info.Env(), taploom::open_packet(name.c_str(), device), device);
  }

  Napi::Value listen(const Napi::CallbackInfo& info) {
    Arguments arguments(info);
    const std::string path = arguments.text(0, "path");
    if (!arguments.ok()) return {};
    Fd fd;
    return opened(info.Env(), listen_unix(path.c_str(), fd), fd);
  }

  Napi::Value connect(const Napi::CallbackInfo& info) {
    Arguments arguments(info);
    const std::string path = arguments.text(0, "path");
    if (!arguments.ok()) return {};
    Fd fd;
    return opened(info.Env(), connect_unix(path.c_str(), fd), fd);
  }

  Napi::Value peer_of(const Napi::CallbackInfo& info) {
    Arguments arguments(info);
    const int fd = arguments.integer(0, "fd");
    if (!arguments.ok()) return {};
    ucred peer;
    if (const Failure failure = taploom::peer_of(fd, peer)) {
      raise(info.Env(), failure);
      return {};
    }
    Napi::Object answer = Napi::Object::New(info.Env());
    answer.Set("pid", static_cast<double>(peer.pid));
    answer.Set("uid", static_cast<double>(peer.uid));
    answer.Set("gid", static_cast<double>(peer.gid));
    return answer;
  }

  Napi::Value duplicate(const Napi::CallbackInfo& info) {
    Arguments arguments(info);
    const int fd = arguments.integer(0, "fd");
    if (!arguments.ok()) return {};
    Fd other;
    return opened(info.Env(), taploom::duplicate(fd, other), other);
  }

  void close(const Napi::CallbackInfo& info) {
    Arguments arguments(info);
    const int fd = arguments.integer(0, "fd");
    if (arguments.ok() && ::close(fd) < 0) raise(info.Env(), {errno, "closing fd " + std::to_string(fd)});
  }

  void ring(const Napi::CallbackInfo& info) {
    Arguments arguments(info);
    const int doorbell = arguments.integer(0, "doorbell");
    const uint64_t once = 1;
    // EAGAIN: it has been rung 2^64 - 2 times without an answer, and rings still.
    if (arguments.ok() && write(doorbell, &once, sizeof once) < 0 && errno != EAGAIN) {
      raise(info.Env(), {errno, "ringing doorbell " + std::to_string(doorbell)});
    }
  }

  Napi::Value device_index(const Napi::CallbackInfo& info) {
    Arguments arguments(info);
    const std::string name = arguments.text(0, "name");
    if (!arguments.ok()) return {};
    return Napi::Number::New(info.Env(), taploom::device_index(name.c_str()));
  }

  Napi::Value device_name(const Napi::CallbackInfo& info) {
    Arguments arguments(info);
    const uint32_t index = arguments.count(0, "index");
    if (!arguments.ok()) return {};
    return Napi::String::New(info.Env(), taploom::device_name(index));
  }

  Napi::Value tap_name(const Napi::CallbackInfo& info) {
    Arguments arguments(info);
    const int fd = arguments.integer(0, "fd");
    if (!arguments.ok()) return {};
    return Napi::String::New(info.Env(), taploom::tap_name(fd));
  }

  void set_tap_mtu(const Napi::CallbackInfo& info) {
    Arguments arguments(info);
    const int fd = arguments.integer(0, "fd");
    const int mtu = arguments.integer(1, "mtu");
    if (!arguments.ok()) return;
    if (const Failure failure = taploom::set_tap_mtu(fd, mtu)) raise(info.Env(), failure);
  }

  void prefer_large_pages(const Napi::CallbackInfo& info) {
    if (!is_bytes(info[0])) return raise_type(info.Env(), "memory must be a Uint8Array");
    Napi::Uint8Array part = info[0].As<Napi::Uint8Array>();
    taploom::prefer_large_pages(part.Data(), part.ByteLength());
  }

  Napi::Value create_poller(const Napi::CallbackInfo& info) { return poller_class_.New({info[0], info[1]}); }

  Napi::FunctionReference poller_class_;
};

}  // namespace

}  // namespace taploom

using taploom::Taploom;
NODE_API_ADDON(Taploom)
