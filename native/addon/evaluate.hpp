// A compiled expression over one record, for JavaScript: `byteor explain --expr`, and the tests of the language.
// Environment's thread.
#pragma once

#include <napi.h>

namespace byteor::addon {

// evaluateExpression(program: Uint8Array, entry: number, record: Uint8Array): NativeEvaluation
Napi::Value evaluate_expression(const Napi::CallbackInfo& info);

}  // namespace byteor::addon
