// interface Poller of src/port/addon.ts: each method reads its arguments and calls that of poller.h. Owns the Poller
// until JavaScript closes it or lets go of it, and the memory that it works on for as long.

#include "addon_poller.h"

#include <cerrno>
#include <memory>
#include <string>

#include "addon_arguments.h"
#include "poller.h"
#include "sharing.h"

namespace taploom {

namespace {

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

}  // namespace

Napi::Function define_poller(Napi::Env env) { return PollerObject::define(env); }

}  // namespace taploom
