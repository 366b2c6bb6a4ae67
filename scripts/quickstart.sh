#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# quickstart.sh     as root: from a fresh checkout to the first explained OOM kill
#
# Installs what is missing, builds, asks oomtrace what this kernel allows, and has it watch while a small process runs out of
# memory in a scratch cgroup of its own (32 MiB; the rest of the machine is not touched). Prints oomtrace's report, compares it
# with what the kernel itself logged, and succeeds only if the two agree. The recording stays in build/quickstart/.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
oomtrace=$top/build/release/src/oomtrace
workload=$top/build/release/tests/support/oom_workload
output=$top/build/quickstart
name=oomtrace-quickstart-$$
limit=$((32 << 20))
cgroup='' tracer='' eater=''

die() {
	printf 'quickstart: %s\n' "$1" >&2
	[[ -z ${2:-} ]] || printf '  %s\n' "$2" >&2
	exit 1
}

say() { printf '\n== %s\n' "$1"; }

# memory_mount: version and mount point of the hierarchy with the memory controller.
memory_mount() {
	local kind where options unified=''
	while read -r _ where kind options _; do
		if [[ $kind == cgroup && ,$options, == *,memory,* ]]; then
			echo "1 $where"
			return
		fi
		[[ $kind != cgroup2 ]] || unified=${unified:-$where}
	done </proc/mounts
	[[ -n $unified ]] && grep -qw memory "$unified/cgroup.controllers" && echo "2 $unified"
}

make_cgroup() {
	local version mount
	read -r version mount < <(memory_mount) || die 'no memory cgroup controller is mounted' \
		'run on the host or in a privileged container, on a kernel without cgroup_disable=memory'
	if [[ $version == 2 ]] && ! grep -qw memory "$mount/cgroup.subtree_control"; then
		echo +memory >"$mount/cgroup.subtree_control" || die "the memory controller cannot be switched on in $mount" 'run on the host'
	fi
	mkdir "$mount/$name" || die "no cgroup can be made in $mount" 'run as root, on the host or in a privileged container'
	cgroup=$mount/$name
	# Without swap, so that the limit is the end of it; the files are missing where the kernel does not account swap. v1 takes
	# one page more for memory and swap: it is then the limit on memory that is hit.
	if [[ $version == 2 ]]; then
		echo "$limit" >"$cgroup/memory.max"
		[[ ! -e $cgroup/memory.swap.max ]] || echo 0 >"$cgroup/memory.swap.max"
	else
		echo "$limit" >"$cgroup/memory.limit_in_bytes"
		[[ ! -e $cgroup/memory.memsw.limit_in_bytes ]] ||
			echo $((limit + $(getconf PAGESIZE))) >"$cgroup/memory.memsw.limit_in_bytes"
	fi
}

remove_cgroup() {
	local attempt pid
	for ((attempt = 0; attempt < 250; attempt++)); do
		while read -r pid; do
			kill -KILL "$pid" 2>/dev/null || true
		done <"$cgroup/cgroup.procs"
		# Busy for as long as the memory of what was killed is not gone.
		rmdir "$cgroup" 2>/dev/null && return
		sleep 0.02
	done
	printf 'quickstart: %s could not be removed: rmdir it once its cgroup.procs is empty\n' "$cgroup" >&2
}

clean_up() {
	[[ -z $eater ]] || kill -KILL "$eater" 2>/dev/null || true
	[[ -z $tracer ]] || kill -TERM "$tracer" 2>/dev/null || true
	[[ -z $cgroup ]] || remove_cgroup
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

[[ $EUID -eq 0 ]] || die 'this needs root: it loads BPF programs and makes a cgroup' "run it as root: $0"
cd "$top"

say 'Build'
"$top/scripts/install_dependencies.sh" build
"$top/scripts/build.sh" release oomtrace oom_workload

say 'What this kernel allows (oomtrace doctor)'
"$oomtrace" doctor

say 'Watching; a process of at most 128 MiB starts in a cgroup of 32 MiB'
rm -rf "$output"
mkdir -p "$output"
make_cgroup
# The kernel's report is whatever it logs after this line.
printf '%s\n' "$name" >/dev/kmsg || die 'the kernel log cannot be written to' 'run on the host or in a privileged container'

"$oomtrace" trace --count 1 --record "$output/incident.oom" >"$output/report.txt" 2>"$output/tracer.log" &
tracer=$!
# It says that it is watching once every hook is in place.
for ((waited = 0; waited < 300; waited++)); do
	! grep -qi watching "$output/tracer.log" || break
	kill -0 "$tracer" 2>/dev/null || break
	sleep 0.1
done
if ! grep -qi watching "$output/tracer.log"; then
	cat "$output/tracer.log" >&2
	die 'oomtrace did not get as far as watching' 'see its own words above'
fi

"$workload" eat --cgroup "$cgroup" --name oomtrace-demo --step 1M --max 128M --pause-ms 2 &
eater=$!
code=0
wait "$eater" 2>/dev/null || code=$?
eater=''
[[ $code -eq $((128 + 9)) ]] || die "the process was not killed (exit status $code)" 'does something else handle OOM here?'

for ((waited = 0; waited < 300; waited++)); do
	kill -0 "$tracer" 2>/dev/null || break
	sleep 0.1
done
! kill -0 "$tracer" 2>/dev/null || die 'oomtrace has not reported the kill within 30 s' "its log: $output/tracer.log"
code=0
wait "$tracer" || code=$?
tracer=''
if [[ $code -ne 0 ]]; then
	cat "$output/tracer.log" >&2
	die "oomtrace failed with exit status $code" 'see its own words above'
fi
cat "$output/report.txt"

say "The same, replayed and compared with the kernel's own report"
"$oomtrace" replay "$output/incident.oom" --json >"$output/incident.json"
dmesg | sed "1,/$name\$/d" >"$output/kernel.log"
/usr/bin/python3 "$top/tests/support/compare_with_kernel_log.py" --json "$output/incident.json" --log "$output/kernel.log" ||
	die "oomtrace and the kernel do not agree" "compare $output/incident.json with $output/kernel.log"

say 'All there'
echo "recording:   $output/incident.oom"
echo "to watch this machine, as root:   $oomtrace"
