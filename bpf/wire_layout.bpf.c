/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * wire_layout.bpf.c: one object of every wire struct, so that clang describes each of them in BTF (a struct that is only pointed
 * to is left out). Never loaded and never linked with the rest: a test compares it with what the C++ compiler makes of the same
 * header.
 */
#include "oomtrace/wire_record.h"

#define LAYOUT_OF(kind, type) struct type layout_of_##type;
WIRE_KINDS(LAYOUT_OF)
struct wire_file_header layout_of_wire_file_header;
