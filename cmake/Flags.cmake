# What every file of ours is compiled with; generated code links bw_platform alone.
add_library(bw_platform INTERFACE)
target_include_directories(bw_platform INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_definitions(bw_platform INTERFACE _POSIX_C_SOURCE=200809L _DEFAULT_SOURCE)
target_compile_options(bw_platform INTERFACE -fstack-protector-strong)
if(BUSWARDEN_SANITIZE)
  target_compile_options(bw_platform INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all
                                               -fno-omit-frame-pointer)
  # libubsan brings 6 MB of its own data, which the leak checker would search at every program's end.
  target_link_options(bw_platform INTERFACE -fsanitize=address,undefined $<$<C_COMPILER_ID:GNU>:-static-libubsan>)
else()
  target_compile_definitions(bw_platform INTERFACE $<$<CONFIG:RelWithDebInfo>:_FORTIFY_SOURCE=2>)
endif()
if(BUSWARDEN_FUZZ)
  target_compile_options(bw_platform INTERFACE -fsanitize=fuzzer-no-link)
endif()
# Nothing here is optimised at link time, and to ask gcc's plugin about each object takes nine tenths of the linker's time.
target_link_options(bw_platform INTERFACE $<$<C_COMPILER_ID:GNU>:-fno-use-linker-plugin>)
# Judging must give the same bits on every build: no contraction to fused multiply-add.
target_compile_options(bw_platform INTERFACE -ffp-contract=off)

add_library(bw_flags INTERFACE)
target_link_libraries(bw_flags INTERFACE bw_platform)
target_compile_definitions(bw_flags INTERFACE BUSWARDEN_VERSION="${PROJECT_VERSION}")
target_compile_options(
  bw_flags
  INTERFACE -Wall
            -Wextra
            -Werror
            -Wconversion
            -Wshadow
            -Wpedantic
            -Wformat=2
            -Wstrict-prototypes
            -Wmissing-prototypes
            -Wold-style-definition
            -Wwrite-strings
            -Wpointer-arith
            -Wcast-qual
            -Wundef
            -Wvla
            -Wimplicit-fallthrough)
