#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# lint.sh [FILE.cpp]...     formatting of all our sources, shell scripts, the compat ledger of bpf/, and clang-tidy over src/ (or
#                           over the files named)
#
# Needs build/release to be built: clang-tidy reads its generated skeletons and, for files that are named, its
# compile_commands.json. All of src/ is looked at some files at a time, as the preset `lint` puts them together: most of the time
# goes into the headers of the C++ library.
set -uo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$top" || exit 1
status=0

mapfile -t sources < <(find bpf include scripts src tests -type f \( -name '*.h' -o -name '*.c' -o -name '*.cpp' \) | sort)
clang-format --dry-run -Werror "${sources[@]}" || status=1

mapfile -t scripts < <(find scripts tests deploy .ci -type f \( -name '*.sh' -o -path .ci/run \) 2>/dev/null | sort)
shellcheck --severity=warning "${scripts[@]}" || status=1

/usr/bin/python3 scripts/support/check_compat_ledger.py || status=1

commands=build/release/compile_commands.json
if [[ ! -f $commands ]]; then
	echo "lint: $commands is missing: run scripts/build.sh release" >&2
	exit 1
fi
mkdir -p build/lint
suspicious=()
if [[ $# -gt 0 ]]; then
	tidied=("$@")
	# clang cannot read what g++ has precompiled: the tests' headers are then read as they are.
	sed -E 's/ -Winvalid-pch -include [^ ]*cmake_pch\.hxx//' "$commands" >build/lint/compile_commands.json
else
	PATH=$PATH:/usr/sbin:/sbin cmake --preset lint >/dev/null || exit 1
	sed "s,$top/build/lint/bpf,$top/build/release/bpf,g" build/lint/compile_commands.json >build/lint/commands.$$ &&
		mv build/lint/commands.$$ build/lint/compile_commands.json
	mapfile -t tidied < <(sed -nE 's/^ *"file": "(.*)".*/\1/p' build/lint/compile_commands.json | sort)
	mapfile -t missing < <(find "$top/src" -type f -name '*.cpp' |
		grep -vxFf <(printf '%s\n' "${tidied[@]}") -f <(sed -nE 's/^#include "(.*)"$/\1/p' "${tidied[@]}"))
	if [[ ${#missing[@]} -gt 0 ]]; then
		printf 'lint: %s belongs to no target\n' "${missing[@]}" >&2
		status=1
	fi
	suspicious=(--checks=-bugprone-suspicious-include) # putting sources together is just what it warns of
fi
# wire_record.h is C in the kernel's style and is left out (see .clang-tidy).
own_headers="^$(printf '%s' "$top" | sed 's/[][\\.*^$+?(){}|]/\\&/g')/(include/oomtrace/([^w]|w[^i])[a-z_]*\\.h|src/[a-z_/]*\\.(h|cpp))\$"
export own_headers

# tidy ARGUMENT... FILE: quiet about a clean file. clang-tidy counts suppressed findings on stderr; a real failure of its own comes
# with an exit status too.
tidy() {
	local out code=0
	out=$(clang-tidy --quiet --header-filter="$own_headers" -p build/lint "$@" 2>&1) || code=$?
	[[ $code -eq 0 ]] && return
	printf '%s\n' "$out" | grep -vE "warnings? (generated|treated)|^Suppressed|^Use -header-filter"
	return 1
}
export -f tidy

# The plugin that keeps the checks out of the system headers goes with the one version of clang-tidy that it is compiled for.
narrow=()
version=$(clang-tidy --version | sed -nE 's/.*LLVM version ([0-9.]+).*/\1/p')
plugin=$top/build/lint/own_code_only-$version.so
if [[ $(llvm-config --version 2>/dev/null) != "$version" ]]; then
	echo "lint: no llvm-config of clang-tidy's version, $version: the same is found, in twice the time" >&2
elif [[ $plugin -nt scripts/support/own_code_only.cpp ]] || {
	g++ -std=c++17 -O1 -fno-rtti -fPIC -shared -isystem "$(llvm-config --includedir)" \
		scripts/support/own_code_only.cpp -o "$plugin.$$" && mv "$plugin.$$" "$plugin"
}; then
	narrow=(--load="$plugin")
	# A plugin that kept the checks out of our own code as well would find everything clean.
	mkdir -p build/lint/probe
	printf '#include <string>\n#include "probe.h"\nint in_file()\n{\n    int probed;\n    return probed = 1;\n}\n' >build/lint/probe/probe.cpp
	printf 'inline int in_header()\n{\n    int probed;\n    return probed = 1;\n}\n' >build/lint/probe/probe.h
	found=$(clang-tidy --quiet "${narrow[@]}" --header-filter=probe --checks='-*,cppcoreguidelines-init-variables' \
		build/lint/probe/probe.cpp -- -std=c++20 2>/dev/null | grep -cF "'probed' is not initialized")
	if [[ $found -ne 2 ]]; then
		echo "lint: with $plugin clang-tidy finds $found of the 2 faults of build/lint/probe" >&2
		status=1
	fi
else
	echo "lint: the plugin of clang-tidy does not compile (libclang-dev): the same is found, in twice the time" >&2
fi

# tidy_all ARGUMENT... -- FILE...: as many at a time as there are processors. Large pages: each faults in some hundred megabytes of
# heap.
export GLIBC_TUNABLES=glibc.malloc.hugetlb=1
tidy_all() {
	local arguments=()
	while [[ $1 != -- ]]; do
		arguments+=("$1")
		shift
	done
	shift
	[[ $# -gt 0 ]] || return 0
	printf '%s\0' "$@" | xargs -0 -n 1 -P "$(nproc)" bash -c 'tidy "$@"' tidy "${arguments[@]}" || status=1
}
tidy_all "${narrow[@]}" "${suspicious[@]}" -- "${tidied[@]}"
if [[ ${#narrow[@]} -gt 0 ]]; then
	# See the plugin. A class is declared ahead at the left margin, in a header or in the source itself.
	mapfile -t ahead < <(grep -rlE '^(class|struct|union) [A-Za-z_]+;' src | sed 's/\.h$/.cpp/' | sort -u)
	[[ $# -gt 0 ]] || mapfile -t ahead < <(printf '%s\n' "${ahead[@]/#/$top/}" && grep -lFf <(printf '%s"\n' "${ahead[@]}") "${tidied[@]}")
	mapfile -t ahead < <(printf '%s\n' "${ahead[@]}" | grep -xFf <(printf '%s\n' "${tidied[@]}"))
	tidy_all '--checks=-*,bugprone-forward-declaration-namespace' -- "${ahead[@]}"
fi

[[ $status -eq 0 ]] && printf 'lint: %d sources formatted, %d scripts and %d units clean\n' \
	"${#sources[@]}" "${#scripts[@]}" "${#tidied[@]}"
exit $status
