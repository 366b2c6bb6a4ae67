#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# test.sh     everything, as root: installs what is missing, builds, runs every test and the linters, and ends with a summary
#
# Unit and replay tests run twice, the second time under AddressSanitizer and UndefinedBehaviorSanitizer; the fuzzer runs for a
# minute. Live tests drive small processes out of memory in scratch cgroups of their own. What a machine cannot do is skipped,
# counted, and named with the reason. Before the summary stands the table of the VM matrix. Logs: build/test/. Exit status: 0 only
# when nothing failed.
set -uo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$top" || exit 1
if [[ $EUID -ne 0 ]]; then
	echo "test: live tests load BPF programs and make cgroups: run as root" >&2
	exit 1
fi
"$top/scripts/install_dependencies.sh" || exit 1

logs=$top/build/test
mkdir -p "$logs"
rm -f "$logs"/*.xml "$logs"/*.log "$logs"/steps "$top"/build/release/tests/vm/vm_scenarios_*.json

# step NAME COMMAND...: runs it, keeps its output, and notes name, exit status and seconds for the summary.
step() {
	local name=$1 begin=$SECONDS code=0
	shift
	printf '== %s\n' "$name"
	"$@" >"$logs/$name.log" 2>&1 || code=$?
	printf '%s %d %d\n' "$name" "$code" $((SECONDS - begin)) >>"$logs/steps"
	[[ $code -eq 0 ]] || tail -n 60 "$logs/$name.log"
	return $code
}

# test_preset PRESET: only of what was built. The summary counts the cases of a whole program by its output.
test_preset() {
	step "build-$1" "$top/scripts/build.sh" "$1" || return
	step "test-$1" ctest --preset "$1" --parallel "$(nproc)" \
		--test-output-size-passed 4194304 --test-output-size-failed 4194304 --output-junit "$logs/$1.xml"
}

test_preset release
test_preset sanitize
# A minute of the fuzzer, which takes one processor, beside the linters: of the program only the reader of kernel logs is built for it.
step build-fuzz "$top/scripts/build.sh" fuzz fuzzers &&
	step test-fuzz ctest --preset fuzz --test-output-size-passed 65536 --output-junit "$logs/fuzz.xml" &
fuzzing=$!
step lint "$top/scripts/lint.sh"
wait "$fuzzing"
if git cat-file -e HEAD~:include/oomtrace/wire_record.h 2>/dev/null; then
	step wire-version "$top/scripts/check_wire_version.sh"
else
	echo "test: the wire version is not checked: no earlier commit that has it is here to compare with"
fi

shopt -s nullglob
matrix=("$top"/build/release/tests/vm/vm_scenarios_*.json)
[[ ${#matrix[@]} -eq 0 ]] || /usr/bin/python3 "$top/scripts/support/matrix_table.py" "${matrix[@]}"
exec /usr/bin/python3 "$top/scripts/support/summarize_tests.py" "$logs"
