# SPDX-License-Identifier: Apache-2.0
#
# Toolchain: for arm64 with Debian's cross compiler, against the libraries in OOMTRACE_SYSROOT (scripts/fetch_sysroot.sh).

set(OOMTRACE_SYSROOT "$ENV{OOMTRACE_SYSROOT}" CACHE PATH "Debian's libraries for arm64")
if(NOT IS_DIRECTORY "${OOMTRACE_SYSROOT}")
  message(FATAL_ERROR "No sysroot for arm64 in OOMTRACE_SYSROOT: build with scripts/build.sh arm64")
endif()
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES OOMTRACE_SYSROOT)

set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(CMAKE_SYSROOT ${OOMTRACE_SYSROOT})

# The compilers for BPF and the tools of the build are the host's.
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${OOMTRACE_SYSROOT})
set(ENV{PKG_CONFIG_LIBDIR} ${OOMTRACE_SYSROOT}/usr/lib/aarch64-linux-gnu/pkgconfig:${OOMTRACE_SYSROOT}/usr/share/pkgconfig)
