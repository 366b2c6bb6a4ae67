#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# oom_scenarios.sh SCENARIO:METHOD...
#
# Runs in the test guest. Each argument drives one scenario out of memory with oomtrace attached by METHOD (fentry, kprobe,
# tracepoint; `none`: without oomtrace, for the kernel's report alone) and leaves in /out/SCENARIO-METHOD/: dmesg.txt (of this
# scenario only), expected (what was set up: a line per process) and, with a tracer, incidents.jsonl, trace.oom, trace.log and
# tracer_status. Fails when a scenario did not go as planned, after the others; whether oomtrace was right is for the host to
# say.
#
# In both scenarios the first victim is a holder whose oom_score_adj outweighs the larger eater, and the second is the eater.

fail() {
	echo "oom_scenarios: $run: $1" >&2
	exit 1
}

# hold PLACE NAME ADJ UID ANON SHMEM FILE [OPTION...]: a sleeping process of that size; returns once it has it.
# PLACE: `in` what runs out of memory, or `out` of it.
hold() {
	place=$1 name=$2 adj=$3 uid=$4 anon=$5 shmem=$6 file=$7
	shift 7
	rm -f /tmp/ready
	mkfifo /tmp/ready
	oom_workload hold --name "$name" --adj "$adj" --uid "$uid" --anon "$anon" --shmem "$shmem" --file "$file" \
		--ready-fd 3 "$@" 3>/tmp/ready &
	read -r _ </tmp/ready || fail "holder $name did not get its memory"
	echo "$place $! $adj $uid $anon $shmem $file $name" >>"$out/expected"
}

# eat OPTION...: returns once the eater has been killed.
eat() {
	oom_workload eat --adj 0 --uid 0 "$@" &
	echo "in $! 0 0 0 0 0 eater" >>"$out/expected"
	wait $!
	[ $? -eq 137 ] || fail "the eater was not killed"
}

scenario_global() {
	hold in protected -1000 0 40M 1M 1M
	hold in favoured -500 0 60M 0 0
	hold in plain 0 1000 30M 2M 1M
	hold in 'sacrifice (1)' 300 1001 110M 4M 2M
	eat --name eater
}

scenario_memcg() {
	group=/sys/fs/cgroup/limited
	echo +memory >/sys/fs/cgroup/cgroup.subtree_control
	mkdir $group
	echo +memory >$group/cgroup.subtree_control
	mkdir $group/holders $group/eaters
	echo 64M >$group/memory.max
	hold in plain 0 1000 10M 1M 1M --cgroup $group/holders
	hold in 'sacrifice (2)' 500 1001 12M 2M 1M --cgroup $group/holders
	hold in protected -1000 0 8M 0 0 --cgroup $group/eaters
	hold out outsider 800 0 16M 0 0
	eat --name eater --thread biter --cgroup $group/eaters
}

# Busy until what was killed in it is gone.
remove_group() {
	for _ in $(seq 100); do
		[ ! -d "$1" ] || rmdir "$1" 2>/dev/null && return
		sleep 0.1
	done
	fail "cannot remove $1"
}

start_tracer() {
	oomtrace trace --json --attach "$method" --count 2 --record "$out/trace.oom" >"$out/incidents.jsonl" 2>"$out/trace.log" &
	tracer=$!
	for _ in $(seq 600); do
		grep -q watching "$out/trace.log" && return
		kill -0 $tracer 2>/dev/null || break
		sleep 0.1
	done
	cat "$out/trace.log" >&2
	kill -KILL $tracer 2>/dev/null
	fail "oomtrace --attach $method is not watching"
}

end_tracer() {
	for _ in $(seq 300); do
		kill -0 $tracer 2>/dev/null || break
		sleep 0.1
	done
	# Still there: it has not seen what it was to see. What it has is worth having.
	kill -TERM $tracer 2>/dev/null && echo "oom_scenarios: $run: oomtrace did not end by itself" >&2
	wait $tracer
	echo $? >"$out/tracer_status"
}

status=0
for run in "$@"; do
	scenario=${run%%:*} method=${run##*:}
	out=/out/$scenario-$method
	mkdir -p "$out"
	dmesg -c >/dev/null
	# The holders die with the subshell, however it ends.
	(
		[ "$method" = none ] || start_tracer
		"scenario_$scenario"
		[ "$method" = none ] || end_tracer
		dmesg >"$out/dmesg.txt"
	) || status=1
	for group in /sys/fs/cgroup/limited/holders /sys/fs/cgroup/limited/eaters /sys/fs/cgroup/limited; do
		remove_group $group
	done
done
exit $status
