// What calls from JavaScript bring, checked argument by argument, and the exceptions that answer them. Nothing is thrown
// through Node-API (NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS): a failure becomes a pending exception, and the caller returns.

#pragma once

#include <napi.h>

#include <string>

#include "failure.h"

namespace taploom {

/** The one place where an errno becomes an error: `code` is its name, the message says what was tried. */
void raise(Napi::Env env, const Failure& failure);

/** A TypeError with the code ERR_INVALID_ARG_TYPE, as Node's own functions raise it. */
void raise_type(Napi::Env env, const std::string& message);

/** Whether the value is a Uint8Array. */
bool is_bytes(Napi::Value value);

/** Reads the arguments of a call. After the first one that is wrong an exception is pending and `ok` is false. */
class Arguments {
 public:
  explicit Arguments(const Napi::CallbackInfo& info) : info_(info) {}

  bool ok() const { return ok_; }

  std::string text(size_t index, const char* name);
  bool flag(size_t index, const char* name);

  /** An integer of 32 bits with a sign. */
  int integer(size_t index, const char* name);

  /** An integer of 32 bits without a sign. */
  uint32_t count(size_t index, const char* name);
  uint32_t count(Napi::Value value, const char* name);

  /** Raises a TypeError that says what `name` must be, unless an argument before it was wrong. */
  void refuse(const char* name, const char* expected);

 private:
  const Napi::CallbackInfo& info_;
  bool ok_ = true;
};

}  // namespace taploom
