# What ships. The source lists live in native/sources.json (read through native/sources.cjs), which native/CMakeLists.txt
# reads too; the flags below have their twins there.
{
  'target_defaults': {
    'defines': ['NAPI_VERSION=8', 'NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS', 'NODE_ADDON_API_DISABLE_DEPRECATED'],
    'include_dirs': ['native', '<!@(node native/sources.cjs include)'],
    # Node's common.gypi states another standard, and no run-time types.
    'cflags_cc!': ['-std=gnu++17', '-std=gnu++20', '-fno-rtti'],
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
  },
  'variables': {
    'hot_sources': ['<!@(node native/sources.cjs units hot)'],
  },
  'targets': [
    {
      'target_name': 'byteor',
      'sources': ['<!@(node native/sources.cjs units control)', '<!@(node native/sources.cjs units addon)'],
      # Node's common.gypi turns exceptions off for everything; the control path throws.
      'cflags_cc!': ['-fno-exceptions'],
      'conditions': [
        # The library must outlive a worker that loaded it: threads of a pipeline may still run when the worker is gone.
        ['OS=="linux"', { 'ldflags': ['-Wl,-z,nodelete', '-pthread'] }],
        ['"<@(hot_sources)"!=""', { 'dependencies': ['byteor_hot'] }],
      ],
    },
  ],
  'conditions': [
    # The hot folders may not throw: their sources, where they have any, are compiled on their own with exceptions off, as
    # Node's common.gypi has it (an exclusion such as the one above would win over a flag stated here).
    ['"<@(hot_sources)"!=""', {
      'targets': [
        {
          'target_name': 'byteor_hot',
          'type': 'static_library',
          'sources': ['<@(hot_sources)'],
          'cflags': ['-fPIC'],
          'xcode_settings': { 'GCC_ENABLE_CPP_EXCEPTIONS': 'NO' },
        },
      ],
    }],
  ],
}
