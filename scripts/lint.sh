#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# lint.sh [FILE.cpp]...     formatting of all our sources, shell scripts, the compat ledger of bpf/, and clang-tidy over src/ (or
#                           over the files named)
#
# Needs build/release to be configured and built: clang-tidy reads its compile_commands.json and the generated skeletons.
set -uo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$top" || exit 1
status=0

mapfile -t sources < <(find bpf include src tests -type f \( -name '*.h' -o -name '*.c' -o -name '*.cpp' \) | sort)
clang-format --dry-run -Werror "${sources[@]}" || status=1

mapfile -t scripts < <(find scripts tests deploy .ci -type f \( -name '*.sh' -o -path .ci/run \) 2>/dev/null | sort)
shellcheck --severity=warning "${scripts[@]}" || status=1

/usr/bin/python3 scripts/support/check_compat_ledger.py || status=1

commands=build/release/compile_commands.json
if [[ ! -f $commands ]]; then
	echo "lint: $commands is missing: run scripts/build.sh release" >&2
	exit 1
fi
if [[ $# -gt 0 ]]; then
	tidied=("$@")
else
	mapfile -t tidied < <(find src -type f -name '*.cpp' | sort)
fi
# wire_record.h is C in the kernel's style and is left out (see .clang-tidy).
own_headers="^$(printf '%s' "$top" | sed 's/[][\\.*^$+?(){}|]/\\&/g')/(include/oomtrace/([^w]|w[^i])[a-z_]*|src/[a-z_/]*)\\.h\$"
export own_headers
# One process per file, as many at a time as there are processors. clang-tidy counts suppressed findings on stderr; a real
# failure of its own comes with an exit status too.
printf '%s\0' "${tidied[@]}" |
	xargs -0 -n 1 -P "$(nproc)" sh -c 'out=$(clang-tidy --quiet --header-filter="$own_headers" -p build/release "$0" 2>&1); code=$?
		[ $code -eq 0 ] || { printf "%s\n" "$out" | grep -vE "warnings? (generated|treated)|^Suppressed|^Use -header-filter"; exit 1; }' ||
	status=1

[[ $status -eq 0 ]] && printf 'lint: %d sources formatted, %d scripts and %d units clean\n' \
	"${#sources[@]}" "${#scripts[@]}" "${#tidied[@]}"
exit $status
