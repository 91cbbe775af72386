// class Poller as JavaScript sees it: interface Poller of src/port/addon.ts.

#pragma once

#include <napi.h>

namespace taploom {

/** Makes the class: new Poller(memory, geometry). */
Napi::Function define_poller(Napi::Env env);

}  // namespace taploom
