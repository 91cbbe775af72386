// The addon as Node sees it: interface Addon and interface Poller of src/port/addon.ts, and nothing more. The only
// file that knows Node-API. Each environment (the main thread, each worker) loads an instance of its own; what it
// made and did not close goes with it. Nothing is thrown through Node-API: failures become pending exceptions.

#include <napi.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <memory>
#include <string>

#include "device.h"
#include "failure.h"
#include "poller.h"
#include "sharing.h"
#include "socket.h"

namespace taploom {

namespace {

/** The one place where an errno becomes an error: `code` is its name, the message says what was tried. */
void raise(Napi::Env env, const Failure& failure) {
  Napi::Error error = Napi::Error::New(env, failure.what + ": " + strerror(failure.error));
  error.Set("code", errno_name(failure.error));
  error.Set("errno", static_cast<double>(-failure.error));
  error.ThrowAsJavaScriptException();
}

void raise_type(Napi::Env env, const std::string& message) {
  Napi::TypeError error = Napi::TypeError::New(env, message);
  error.Set("code", "ERR_INVALID_ARG_TYPE");
  error.ThrowAsJavaScriptException();
}

bool is_bytes(Napi::Value value) {
  return value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == napi_uint8_array;
}

/** Reads the arguments of a call. After the first one that is wrong an exception is pending and `ok` is false. */
class Arguments {
 public:
  explicit Arguments(const Napi::CallbackInfo& info) : info_(info) {}

  bool ok() const { return ok_; }

  std::string text(size_t index, const char* name) {
    if (info_[index].IsString()) return info_[index].As<Napi::String>();
    refuse(name, "a string");
    return {};
  }

  bool flag(size_t index, const char* name) {
    if (info_[index].IsBoolean()) return info_[index].As<Napi::Boolean>();
    refuse(name, "a boolean");
    return false;
  }

  int integer(size_t index, const char* name) { return integer(info_[index], name); }

  uint32_t count(size_t index, const char* name) { return count(info_[index], name); }

  uint32_t count(Napi::Value value, const char* name) {
    const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
    if (number >= 0 && number <= UINT32_MAX && number == static_cast<double>(static_cast<uint32_t>(number))) {
      return static_cast<uint32_t>(number);
    }
    refuse(name, "an integer from 0 to 4294967295");
    return 0;
  }

  void refuse(const char* name, const char* expected) {
    if (ok_) raise_type(info_.Env(), std::string("\"") + name + "\" must be " + expected);
    ok_ = false;
  }

 private:
  int integer(Napi::Value value, const char* name) {
    const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : INFINITY;
    if (number >= INT32_MIN && number <= INT32_MAX) return static_cast<int>(number);
    refuse(name, "a 32-bit integer");
    return 0;
  }

  const Napi::CallbackInfo& info_;
  bool ok_ = true;
};

Geometry read_geometry(Arguments& arguments, Napi::Object from) {
  const auto field = [&](const char* name) { return arguments.count(from.Get(name), name); };
  Geometry geometry;
  geometry.rx = field("rx");
  geometry.rx_max = field("rxMax");
  geometry.slots = field("slots");
  geometry.slot_size = field("slotSize");
  geometry.slot_count = field("slotCount");
  geometry.headroom = field("headroom");
  geometry.frame_max = field("frameMax");
  geometry.dirty_count = field("dirtyCount");
  geometry.dirty_list = field("dirtyList");
  geometry.queues = field("queues");
  geometry.queue_size = field("queueSize");
  geometry.ring_size = field("ringSize");
  geometry.ports_max = field("portsMax");
  geometry.cuts = field("cuts");
  geometry.pipe_size = field("pipeSize");
  return geometry;
}

/** A Poller in the hands of JavaScript. */
class PollerObject : public Napi::ObjectWrap<PollerObject> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Poller",
                       {
                           InstanceMethod<&PollerObject::attach>("attach"),
                           InstanceMethod<&PollerObject::attach_sender>("attachSender"),
                           InstanceMethod<&PollerObject::detach>("detach"),
                           InstanceMethod<&PollerObject::turn>("turn"),
                           InstanceMethod<&PollerObject::stay>("stay"),
                           InstanceMethod<&PollerObject::give_way>("giveWay"),
                           InstanceMethod<&PollerObject::events>("events"),
                           InstanceMethod<&PollerObject::close>("close"),
                       });
  }

  /** new Poller(memory, geometry) */
  explicit PollerObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<PollerObject>(info) {
    Arguments arguments(info);
    if (!is_bytes(info[0])) arguments.refuse("memory", "a Uint8Array");
    if (!info[1].IsObject()) arguments.refuse("geometry", "an object");
    if (!arguments.ok()) return;
    const Geometry geometry = read_geometry(arguments, info[1].As<Napi::Object>());
    if (arguments.ok()) open(info, geometry);
  }

 private:
  void open(const Napi::CallbackInfo& info, const Geometry& geometry) {
    // Only the place and the length: asking for its buffer would make an ArrayBuffer of the SharedArrayBuffer.
    Napi::Uint8Array bytes = info[0].As<Napi::Uint8Array>();
    const Memory memory(bytes.Data(), bytes.ByteLength(), geometry);
    if (const char* field = memory.misplaced()) {
      return raise(info.Env(), {ERANGE, std::string("geometry: \"") + field + "\" does not fit the memory"});
    }
    if (const Failure failure = Poller::create(memory, poller_)) return raise(info.Env(), failure);
    memory_ = Napi::Persistent(info[0].As<Napi::Object>());
    const Napi::Number doorbell = Napi::Number::New(info.Env(), poller_->doorbell());
    Value().DefineProperty(Napi::PropertyDescriptor::Value("doorbell", doorbell, napi_enumerable));
  }

  /** Whether there still is a poller; raises where there is none. */
  bool is_open(Napi::Env env) {
    if (!poller_) raise(env, {EBADF, "using a poller that is closed"});
    return poller_ != nullptr;
  }

  static Kind read_kind(Arguments& arguments) {
    const std::string name = arguments.text(1, "kind");
    Kind kind = Kind::none;
    if (name == "tap") kind = Kind::tap;
    if (name == "tap-offload") kind = Kind::tap_offload;
    if (name == "packet") kind = Kind::packet;
    if (name == "stream") kind = Kind::stream;
    if (kind == Kind::none) arguments.refuse("kind", "\"tap\", \"tap-offload\", \"packet\" or \"stream\"");
    return kind;
  }

  void attach(const Napi::CallbackInfo& info) {
    Arguments arguments(info);
    const uint32_t port = arguments.count(0, "port");
    const Kind kind = read_kind(arguments);
    const int fd = arguments.integer(2, "fd");
    const uint32_t pipe = arguments.count(3, "pipe");
    const int listener = arguments.integer(4, "listener");
    if (!arguments.ok() || !is_open(info.Env())) return;
    if (const Failure failure = poller_->attach(port, kind, fd, pipe, listener)) raise(info.Env(), failure);
  }

  void attach_sender(const Napi::CallbackInfo& info) {
    Arguments arguments(info);
    const uint32_t port = arguments.count(0, "port");
    const Kind kind = read_kind(arguments);
    const int fd = arguments.integer(2, "fd");
    if (!arguments.ok() || !is_open(info.Env())) return;
    if (const Failure failure = poller_->attach_sender(port, kind, fd)) raise(info.Env(), failure);
  }

  void detach(const Napi::CallbackInfo& info) {
    Arguments arguments(info);
    const uint32_t port = arguments.count(0, "port");
    if (arguments.ok() && is_open(info.Env())) poller_->detach(port);
  }

  Napi::Value turn(const Napi::CallbackInfo& info) {
    Arguments arguments(info);
    const int timeout_ms = arguments.integer(0, "timeout");
    if (!arguments.ok() || !is_open(info.Env())) return {};
    return Napi::Number::New(info.Env(), poller_->turn(timeout_ms));
  }

  void stay(const Napi::CallbackInfo& info) {
    Arguments arguments(info);
    const bool on = arguments.flag(0, "on");
    if (!arguments.ok() || !is_open(info.Env())) return;
    if (on) {
      poller_->seat().take();
    } else {
      poller_->seat().leave();
    }
  }

  void give_way(const Napi::CallbackInfo&) { taploom::give_way(); }

  Napi::Value events(const Napi::CallbackInfo& info) {
    static constexpr const char* NAMES[] = {"up", "down", "gone"};  // in the order of Change
    if (!is_open(info.Env())) return {};
    Napi::Array list = Napi::Array::New(info.Env());
    for (const Event& event : poller_->take_events()) {
      Napi::Object item = Napi::Object::New(info.Env());
      item.Set("port", event.port);
      item.Set("what", NAMES[static_cast<size_t>(event.what)]);
      item.Set("why", event.why);
      list.Set(list.Length(), item);
    }
    return list;
  }

  void close(const Napi::CallbackInfo&) {
    poller_.reset();
    memory_.Reset();
  }

  Napi::ObjectReference memory_;  // keeps the memory while the poller works on it
  std::unique_ptr<Poller> poller_;
};

class Taploom : public Napi::Addon<Taploom> {
 public:
  Taploom(Napi::Env env, Napi::Object exports) {
    poller_class_ = Napi::Persistent(PollerObject::define(env));
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
