#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# candidate_scans.sh COUNT EACH LIMIT REPEAT METHOD...
#
# Runs in the test guest. For each attach method: COUNT processes of EACH bytes sleep in a cgroup limited to LIMIT, which is driven
# out of memory REPEAT times under oomtrace. Leaves in /out/METHOD/: incidents.jsonl, trace.log, and for each OOM N dmesg-N.txt
# (of this OOM only) and the statistics of all BPF programs before and after it, before-N.json and after-N.json.

fail() {
	echo "candidate_scans: $method: $1" >&2
	cat "$out/trace.log" >&2
	exit 1
}

# wait_until SECONDS COMMAND...
wait_until() {
	tenths=$(($1 * 10))
	shift
	while ! "$@"; do
		kill -0 "$tracer" || fail "oomtrace ended"
		[ $((tenths -= 1)) -gt 0 ] || fail "waited in vain: $*"
		sleep 0.1
	done
}

incidents_are() {
	[ "$(wc -l <"$out/incidents.jsonl")" -eq "$1" ]
}

count=$1 each=$2 limit=$3 repeat=$4
shift 4
group=/sys/fs/cgroup/scanned
echo +memory >/sys/fs/cgroup/cgroup.subtree_control
mkdir $group
echo "$limit" >$group/memory.max
echo 1 >/proc/sys/kernel/bpf_stats_enabled

mkfifo /tmp/ready
oom_workload many --adj 0 --count "$count" --each "$each" --cgroup $group --ready-fd 3 3>/tmp/ready &
sleepers=$!
read -r _ </tmp/ready || exit 1

for method in "$@"; do
	out=/out/$method
	mkdir "$out"
	: >"$out/trace.log"
	oomtrace trace --json --attach "$method" >"$out/incidents.jsonl" 2>"$out/trace.log" &
	tracer=$!
	wait_until 60 grep -q watching "$out/trace.log"
	for oom in $(seq "$repeat"); do
		dmesg -c >/dev/null
		bpftool --json prog show >"$out/before-$oom.json"
		oom_workload eat --name eater --adj 0 --cgroup $group &
		wait $! 2>/dev/null # the shell would say "Killed"
		[ $? -eq 137 ] || fail "the eater was not killed"
		wait_until 60 incidents_are "$oom"
		bpftool --json prog show >"$out/after-$oom.json"
		dmesg >"$out/dmesg-$oom.txt"
	done
	kill -INT $tracer
	wait $tracer || fail "oomtrace failed"
done
kill -KILL $sleepers
exit 0
