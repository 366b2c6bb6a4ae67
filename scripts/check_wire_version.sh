#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# check_wire_version.sh [BASE]     has the wire format changed since BASE (default HEAD~) without a new WIRE_VERSION?
#
# Compares include/oomtrace/wire_record.h of the working tree with that of the commit, comments and layout of the text aside. A
# struct that differs, or an enumerator that is gone or has another number, is another format; a new enumerator, a new struct or
# a new kind is not: readers skip kinds that they do not know. Exit status: 0 fine, 1 the version has to go up, 2 cannot tell.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
base=${1:-HEAD~}
header=include/oomtrace/wire_record.h

# facts FILE: a line per struct, then a line per enumerator, with macros expanded.
facts() {
	gcc -E -P -x c "$1" | tr -s '[:space:]' ' ' | sed 's/;  *}/;}/g' >"$1.flat"
	grep -oE 'struct wire_[a-z_0-9]+ \{[^}]*\}' "$1.flat"
	grep -oE 'enum wire_[a-z_0-9]+ \{[^}]*\}' "$1.flat" | grep -oE 'WIRE_[A-Z_0-9]+ = [^,}]*[^,} ]'
}

version() {
	sed -n 's/^#define WIRE_VERSION \([0-9]*\).*/\1/p' "$1"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if ! git show "$base:$header" >"$work/old.h" 2>/dev/null; then
	echo "check_wire_version: cannot compare: there is no $base with $header here (a shallow clone?)" >&2
	exit 2
fi
cp "$header" "$work/new.h"
facts "$work/old.h" | sort >"$work/old"
facts "$work/new.h" | sort >"$work/new"
if [[ ! -s $work/new ]]; then
	echo "check_wire_version: found no struct in $header" >&2
	exit 2
fi

changed=$(comm -23 "$work/old" "$work/new")
old=$(version "$work/old.h") new=$(version "$work/new.h")
if [[ -n $changed && $new -le $old ]]; then
	printf 'check_wire_version: these changed since %s, and WIRE_VERSION is still %s:\n%s\n' "$base" "$new" "$changed" >&2
	echo "    hint: old recordings would be misread: raise WIRE_VERSION in $header" >&2
	exit 1
fi
if [[ $new -lt $old ]]; then
	echo "check_wire_version: WIRE_VERSION went down from $old to $new" >&2
	exit 1
fi
echo "check_wire_version: version $new, $(wc -l <"$work/new") structs and enumerators, compared with $base"
