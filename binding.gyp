# What ships. The source lists live in native/sources.json (read through native/sources.cjs), which native/CMakeLists.txt
# reads too; the flags below have their twins there.
{
  'target_defaults': {
    'defines': ['NAPI_VERSION=8', 'NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS', 'NODE_ADDON_API_DISABLE_DEPRECATED'],
    'include_dirs': ['native', '<!@(node native/sources.cjs include)'],
    # Node's common.gypi states an older standard and no run-time types; the later -std wins, the others are taken out.
    'cflags_cc!': ['-fno-exceptions', '-fno-rtti', '-std=gnu++17', '-std=gnu++20'],
    'cflags_cc': ['-std=c++20', '-O3', '-fvisibility=hidden', '-Wall', '-Wextra', '-Wno-unused-parameter', '-pthread'],
    'xcode_settings': {
      'CLANG_CXX_LANGUAGE_STANDARD': 'c++20',
      'CLANG_CXX_LIBRARY': 'libc++',
      'GCC_ENABLE_CPP_EXCEPTIONS': 'YES',
      'GCC_ENABLE_CPP_RTTI': 'YES',
      'GCC_SYMBOLS_PRIVATE_EXTERN': 'YES',
      'GCC_OPTIMIZATION_LEVEL': '3',
      'MACOSX_DEPLOYMENT_TARGET': '11.0',
    },
    'msvs_settings': {
      'VCCLCompilerTool': { 'ExceptionHandling': 1, 'RuntimeTypeInfo': 'true', 'AdditionalOptions': ['/std:c++20'] },
    },
  },
  'targets': [
    {
      # The hot folders may not throw: compiled on their own, with exceptions off.
      'target_name': 'byteor_hot',
      'type': 'static_library',
      'sources': ['<!@(node native/sources.cjs hot)'],
      'cflags': ['-fPIC'],
      'cflags_cc': ['-fno-exceptions'],
    },
    {
      'target_name': 'byteor',
      'dependencies': ['byteor_hot'],
      'sources': ['<!@(node native/sources.cjs control)', '<!@(node native/sources.cjs addon)'],
      # The library must outlive a worker that loaded it: threads of a pipeline may still run when the worker is gone.
      'conditions': [['OS=="linux"', { 'ldflags': ['-Wl,-z,nodelete', '-pthread'] }]],
    },
  ],
}
