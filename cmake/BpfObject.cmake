# SPDX-License-Identifier: Apache-2.0
#
# add_bpf_skeleton(TARGET <name> SOURCES a.bpf.c b.bpf.c ...)
#
# Compiles each source with clang for the BPF target, links the objects into one with bpftool, and writes its skeleton.
# Makes
#   <name>           an INTERFACE library: "<name>.skel.h" as a system header, and libbpf
#   <name>_object    the property BPF_OBJECT of <name>: the path of the linked object
#
# Every header that a source includes is a dependency (clang -MD). The skeleton is written to a temporary name and renamed, so
# that an interrupted build leaves no half of it. Only the build tree is written to.

find_program(BPF_CLANG NAMES clang clang-14 clang-16 clang-19 REQUIRED)
find_program(BPFTOOL NAMES bpftool PATHS /usr/sbin /sbin REQUIRED)
find_program(LLVM_STRIP NAMES llvm-strip llvm-strip-14 llvm-strip-16 llvm-strip-19 REQUIRED)

if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|amd64|AMD64")
  set(BPF_ARCH x86)
  set(BPF_VMLINUX_ARCH x86_64)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  set(BPF_ARCH arm64)
  set(BPF_VMLINUX_ARCH arm64)
else()
  message(FATAL_ERROR "oomtrace has no vmlinux header for ${CMAKE_SYSTEM_PROCESSOR}: make one with scripts/regenerate_vmlinux.sh")
endif()

# add_bpf_object(<source> <object>): one object file of its own, with BTF.
function(add_bpf_object source object)
  cmake_path(ABSOLUTE_PATH source NORMALIZE)
  cmake_path(GET source FILENAME file)
  cmake_path(GET object PARENT_PATH object_dir)
  file(MAKE_DIRECTORY ${object_dir})
  # -mcpu=v2: kernel 5.10 knows v3 too, but v2 is the set that clang 14 and every verifier of our list agree on. A file that only
  # newer kernels load may have a set of its own (the source property BPF_CPU).
  get_source_file_property(cpu ${source} BPF_CPU)
  if(NOT cpu)
    set(cpu v2)
  endif()
  add_custom_command(
    OUTPUT ${object}
    COMMAND ${BPF_CLANG} -target bpf -mcpu=${cpu} -D__TARGET_ARCH_${BPF_ARCH} -O2 -g -std=gnu11
            -Wall -Wextra -Werror -Wno-missing-declarations -Wno-unused-parameter
            -isystem ${PROJECT_SOURCE_DIR}/vmlinux/${BPF_VMLINUX_ARCH} -I${PROJECT_SOURCE_DIR}/include -I${PROJECT_SOURCE_DIR}/bpf
            -MD -MF ${object}.d -MT ${object} -c ${source} -o ${object}
    COMMAND ${LLVM_STRIP} -g ${object}
    DEPENDS ${source}
    DEPFILE ${object}.d
    COMMENT "BPF ${file}"
    VERBATIM)
endfunction()

function(add_bpf_skeleton)
  cmake_parse_arguments(ARG "" "TARGET" "SOURCES" ${ARGN})
  set(objects)
  foreach(source IN LISTS ARG_SOURCES)
    cmake_path(GET source FILENAME file)
    set(object ${CMAKE_CURRENT_BINARY_DIR}/${ARG_TARGET}.dir/${file}.o)
    add_bpf_object(${source} ${object})
    list(APPEND objects ${object})
  endforeach()

  set(linked ${CMAKE_CURRENT_BINARY_DIR}/${ARG_TARGET}.bpf.o)
  set(skeleton_dir ${CMAKE_CURRENT_BINARY_DIR}/skeleton)
  set(skeleton ${skeleton_dir}/${ARG_TARGET}.skel.h)
  file(MAKE_DIRECTORY ${skeleton_dir})
  add_custom_command(
    OUTPUT ${linked} ${skeleton}
    COMMAND ${BPFTOOL} gen object ${linked} ${objects}
    COMMAND ${BPFTOOL} gen skeleton ${linked} name ${ARG_TARGET} > ${skeleton}.tmp
    COMMAND ${CMAKE_COMMAND} -E rename ${skeleton}.tmp ${skeleton}
    DEPENDS ${objects}
    COMMENT "BPF skeleton ${ARG_TARGET}"
    VERBATIM)
  add_custom_target(${ARG_TARGET}_skeleton DEPENDS ${skeleton} ${linked})

  add_library(${ARG_TARGET} INTERFACE)
  add_dependencies(${ARG_TARGET} ${ARG_TARGET}_skeleton)
  target_include_directories(${ARG_TARGET} SYSTEM INTERFACE ${skeleton_dir})
  target_link_libraries(${ARG_TARGET} INTERFACE PkgConfig::LIBBPF)
  set_target_properties(${ARG_TARGET} PROPERTIES BPF_OBJECT ${linked})
endfunction()
