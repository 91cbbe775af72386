// The arguments of calls from JavaScript: see addon_arguments.h. Of Node-API, read napi_get_value_double and the
// ECMAScript Number: every integer of 32 bits is a double.

#include "addon_arguments.h"

#include <cmath>
#include <cstring>

namespace taploom {

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

std::string Arguments::text(size_t index, const char* name) {
  if (info_[index].IsString()) return info_[index].As<Napi::String>();
  refuse(name, "a string");
  return {};
}

bool Arguments::flag(size_t index, const char* name) {
  if (info_[index].IsBoolean()) return info_[index].As<Napi::Boolean>();
  refuse(name, "a boolean");
  return false;
}

int Arguments::integer(size_t index, const char* name) {
  const Napi::Value value = info_[index];
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : INFINITY;
  if (number >= INT32_MIN && number <= INT32_MAX) return static_cast<int>(number);
  refuse(name, "a 32-bit integer");
  return 0;
}

uint32_t Arguments::count(size_t index, const char* name) { return count(info_[index], name); }

uint32_t Arguments::count(Napi::Value value, const char* name) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
  if (number >= 0 && number <= UINT32_MAX && number == static_cast<double>(static_cast<uint32_t>(number))) {
    return static_cast<uint32_t>(number);
  }
  refuse(name, "an integer from 0 to 4294967295");
  return 0;
}

void Arguments::refuse(const char* name, const char* expected) {
  if (ok_) raise_type(info_.Env(), std::string("\"") + name + "\" must be " + expected);
  ok_ = false;
}

}  // namespace taploom
