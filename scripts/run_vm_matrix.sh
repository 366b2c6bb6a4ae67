#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# run_vm_matrix.sh [--all | --kernel NAME]... [--scenario NAME]... [--method NAME]... [--jobs N] [--output DIR]
#                  [--markdown FILE]
#
# Every amd64 kernel of tests/vm/kernels.txt (with --all the arm64 ones too, or the ones named), with every attach method that it has,
# through every scenario of tests/vm/scenarios (or the ones named): real OOMs under QEMU, each compared value by value with the
# kernel's own report, its counters, and what was set up. The tracers of all methods watch the same OOMs, each attached by its own;
# with --method one of them alone. N kernels (1) run at the same time. Needs build/release (scripts/build.sh release), for arm64 build/arm64 too
# (scripts/build.sh arm64). Tables at the end; what the guests left stays in DIR (build/vm_matrix). Exit status: 0 only when no run
# failed.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$top"
kernels=() all=false chosen=() jobs=1 output=build/vm_matrix markdown=''
while [[ $# -gt 0 ]]; do
	case $1 in
	-h | --help) sed -n '/^# run_vm_matrix/,/^set /s/^# \{0,1\}//p' "$0"; exit 0 ;;
	--all) all=true; shift ;;
	--kernel | --scenario | --method | --jobs | --output | --markdown)
		[[ $# -ge 2 ]] || { echo "run_vm_matrix: $1 wants a value" >&2; exit 2; }
		case $1 in
		--kernel) kernels+=("$2") ;;
		--scenario | --method) chosen+=("$1" "$2") ;;
		--jobs) jobs=$2 ;;
		--output) output=$2 ;;
		--markdown) markdown=$2 ;;
		esac
		shift 2
		;;
	*) echo "run_vm_matrix: unknown option $1 (see --help)" >&2; exit 2 ;;
	esac
done
mapfile -t listed < <(awk '!/^#/ && NF { print $1 }' tests/vm/kernels.txt)
if [[ $all == true ]]; then
	kernels=("${listed[@]}")
elif [[ ${#kernels[@]} -eq 0 ]]; then
	mapfile -t kernels < <(awk '!/^#/ && $2 == "amd64" { print $1 }' tests/vm/kernels.txt)
fi

# preset_of NAME: what builds the programs of its guests.
preset_of() {
	local arch
	arch=$(awk -v name="$1" '$1 == name { print $2 }' tests/vm/kernels.txt)
	[[ $arch == amd64 ]] && echo release || echo "$arch"
}
for preset in release $(for kernel in "${kernels[@]}"; do preset_of "$kernel"; done | sort -u); do
	for program in build/$preset/src/oomtrace build/$preset/tests/support/oom_workload; do
		[[ -x $program ]] || { echo "run_vm_matrix: no $program: run scripts/build.sh $preset" >&2; exit 1; }
	done
done

# run_kernel NAME: its runs, in a log; then what is to be seen of it, in one piece.
run_kernel() {
	local kernel=$1 begin=$SECONDS code=0 built
	built=build/$(preset_of "$kernel")
	rm -f "$output/$kernel.json"
	tests/vm/run_vm_test.py --kernel "$kernel" --oomtrace "$built/src/oomtrace" \
		--explain-with build/release/src/oomtrace --workload "$built/tests/support/oom_workload" \
		--output "$output/$kernel" --json "$output/$kernel.json" --timeout 1800 \
		"${chosen[@]}" >"$output/$kernel.log" 2>&1 || code=$?
	{
		printf '%s in %d s (%s)\n' "$(tail -n 1 "$output/$kernel.log")" $((SECONDS - begin)) "$output/$kernel.log"
		if [[ $code -ne 0 ]]; then
			# Of each run that failed the first lines: thousands of candidates may be missing. A guest that panics because it
			# was told to has not failed.
			awk '/^====/ { title = $0; lines = 0 } /panic_on_oom is enabled/ { next }
				/^(FAIL|MISMATCH|run_)/ && lines < 12 { if (!lines++) print title; print }' \
				"$output/$kernel.log"
		fi
	} >"$output/$kernel.summary"
	cat "$output/$kernel.summary"
	return $code
}

mkdir -p "$output"
status=0 results=()
for kernel in "${kernels[@]}"; do
	while [[ $(jobs -pr | wc -l) -ge $jobs ]]; do
		wait -n || status=1
	done
	run_kernel "$kernel" &
done
while [[ -n $(jobs -p) ]]; do
	wait -n || status=1
done
for kernel in "${kernels[@]}"; do
	[[ ! -f $output/$kernel.json ]] || results+=("$output/$kernel.json")
done
/usr/bin/python3 scripts/support/matrix_table.py ${markdown:+--markdown "$markdown"} "${results[@]}" || status=1
exit $status
