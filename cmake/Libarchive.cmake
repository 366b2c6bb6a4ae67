# SPDX-License-Identifier: Apache-2.0
#
# oomtrace_libarchive: what opens compressed logs. The shared library brings libxml2, ICU and the shared libstdc++ into every
# tracer, where they are loaded, relocated and never called, and has the linker keep and export what they could use of the
# program. Of the static one only the decompressors are linked. Where it or a library that these need is not installed, the
# shared one it is.

include(CheckCSourceCompiles)
pkg_check_modules(LIBARCHIVE REQUIRED IMPORTED_TARGET libarchive)
add_library(oomtrace_libarchive INTERFACE)
target_include_directories(oomtrace_libarchive SYSTEM INTERFACE ${LIBARCHIVE_INCLUDE_DIRS})

find_library(LIBARCHIVE_STATIC NAMES libarchive.a HINTS ${LIBARCHIVE_LIBDIR})
set(parts ${LIBARCHIVE_STATIC})
foreach(part IN ITEMS lzma bz2 z zstd)
  find_library(LIBARCHIVE_NEEDS_${part} NAMES ${part} HINTS ${LIBARCHIVE_LIBDIR})
  list(APPEND parts ${LIBARCHIVE_NEEDS_${part}})
endforeach()

# A distribution may build it with other compressors or checksums: only linking tells.
set(CMAKE_REQUIRED_LIBRARIES ${parts})
set(CMAKE_REQUIRED_INCLUDES ${LIBARCHIVE_INCLUDE_DIRS})
check_c_source_compiles([[
#include <archive.h>
int main(void)
{
  struct archive *reader = archive_read_new();
  return archive_read_support_filter_gzip(reader) + archive_read_support_filter_xz(reader) +
         archive_read_support_filter_zstd(reader) + archive_read_support_filter_bzip2(reader) +
         archive_read_support_format_raw(reader) + archive_read_support_format_empty(reader) +
         archive_read_open_fd(reader, 0, 512) + archive_read_free(reader);
}]] OOMTRACE_STATIC_LIBARCHIVE)
unset(CMAKE_REQUIRED_LIBRARIES)
unset(CMAKE_REQUIRED_INCLUDES)

if(LIBARCHIVE_STATIC AND OOMTRACE_STATIC_LIBARCHIVE)
  target_link_libraries(oomtrace_libarchive INTERFACE ${parts})
else()
  message(STATUS "No static libarchive that links: the shared one is taken, and the tracer is a megabyte larger")
  target_link_libraries(oomtrace_libarchive INTERFACE PkgConfig::LIBARCHIVE)
endif()
