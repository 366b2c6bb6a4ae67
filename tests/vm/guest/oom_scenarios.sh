#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# oom_scenarios.sh [programs] METHODS SCENARIO...
#
# Runs in the test guest. Starts a tracer for each of METHODS (fentry, kprobe, tracepoint, separated by commas; `none`: without
# oomtrace, for the kernel's report alone), which watch the same OOMs side by side, each attached by its method and by no other;
# then drives each scenario of /scenarios out of memory. Leaves in /out/SCENARIO/: dmesg.txt (of this scenario only), expected (what
# was set up: a line per process), begin (the uptime at which it began), oom_kills (how many the kernel counted), events.trace (the
# kernel's own trace of retries, kills, the reaper and exits), what /proc said of the holders (stat) and settings (sysctls), and
# memory.events of the scenario's group; or `skipped`, with the reason. In /out/tracer-SCENARIO-METHOD/, named after the first scenario, are
# incidents.jsonl, trace.oom, trace.log and tracer_status. With `programs` first, what the verifier processed for each of oomtrace's
# programs is in /out/doctor.txt. Fails when a scenario did not go as planned, after the others; whether oomtrace was right is for
# the host to say.
#
# A scenario's file sets `incidents` (how many a tracer is to see; 0: as many as there are, and `silent` more than the kernel
# counts) and defines scenario(); what it mounts or sets it puts back in clean_up(). Its cgroup, if it has one, is $group. With
# `incidents_to` the incidents go somewhere else.

fail() {
	echo "oom_scenarios: $scenario: $1" >&2
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
	cat "/proc/$!/stat" >>"$out/stat"
	echo "$place $! $adj $uid $anon $shmem $file $name" >>"$out/expected"
}

# eat OPTION...: returns once the eater has been killed.
eat() {
	oom_workload eat --adj 0 --uid 0 "$@" &
	echo "in $! 0 0 0 0 0 eater" >>"$out/expected"
	wait $!
	[ $? -eq 137 ] || fail "the eater was not killed"
}

# eat_at_most SIZE OPTION...: somebody else is to die of it first.
eat_at_most() {
	most=$1
	shift
	oom_workload eat --adj 0 --uid 0 --max "$most" --pause-ms 1 "$@" 2>/dev/null &
	echo "in $! 0 0 0 0 0 eater" >>"$out/expected"
	wait $!
}

# skip REASON: this kernel cannot have the scenario.
skip() {
	echo "$1" >"$out/skipped"
	exit 0
}

# limit_group LIMIT: makes $group, cgroup v2, with that limit, and lets it have groups below.
limit_group() {
	echo +memory >/sys/fs/cgroup/cgroup.subtree_control
	mkdir $group
	echo "$1" >$group/memory.max
}

uptime_s() {
	cut -d . -f 1 /proc/uptime
}

# wait_until_after BEGIN SECONDS: until so long after that uptime.
wait_until_after() {
	while [ "$(uptime_s)" -le $(($1 + $2)) ]; do
		sleep 0.2
	done
}

# To the host, now: the guest is not expected to end in another way. See guest/init.
send_results() {
	stty -F /dev/ttyS1 raw -echo
	tar -c -C /out . | gzip -1 >/dev/ttyS1
}

oom_kills() {
	sed -n 's/^oom_kill //p' /proc/vmstat
}

# Busy until what was killed in it is gone.
remove_group() {
	for _ in $(seq 100); do
		[ ! -d "$1" ] || rmdir "$1" 2>/dev/null && return
		sleep 0.1
	done
	fail "cannot remove $1"
}

# traced METHOD: the directory of its tracer.
traced() {
	echo "/out/tracer-$first-$1"
}

incidents_seen() {
	wc -l <"$(traced "$1")/incidents.jsonl"
}

start_tracer() {
	directory=$(traced "$1")
	mkdir -p "$directory"
	# An emulated processor needs more than the default for a walk over thousands of tasks.
	oomtrace trace --json --attach "$1" --record "$directory/trace.oom" --walk-time-limit 2s \
		>"${incidents_to:-$directory/incidents.jsonl}" 2>"$directory/trace.log" &
	echo $! >"$directory/pid"
}

tracer_runs() {
	kill -0 "$(cat "$(traced "$1")/pid")" 2>/dev/null
}

await_tracer() {
	log=$(traced "$1")/trace.log
	for _ in $(seq 600); do
		! grep -q watching "$log" || return 0
		tracer_runs "$1" || break
		sleep 0.1
	done
	cat "$log" >&2
	echo "oom_scenarios: oomtrace --attach $1 is not watching" >&2
	status=1
}

end_tracer() {
	pid=$(cat "$(traced "$1")/pid")
	kill -TERM "$pid" 2>/dev/null
	wait "$pid"
	echo $? >"$(traced "$1")/tracer_status"
}

clean_up() {
	:
}

# await_incidents METHOD: of this scenario. Which of the tracer's are, the host tells by their time.
await_incidents() {
	awaited=$incidents
	[ "$awaited" -ne 0 ] || awaited=$((silent + kills)) # one for each kill that was counted
	for _ in $(seq 300); do
		[ $(($(incidents_seen "$1") - $(cat "/tmp/seen-$1"))) -lt $awaited ] || return 0
		tracer_runs "$1" || break
		sleep 0.1
	done
	# What there is is worth having.
	echo "oom_scenarios: $scenario, $1: fewer than $awaited incidents" >&2
}

run_scenario() {
	[ -n "$incidents_to" ] || for method in $methods; do
		incidents_seen "$method" >"/tmp/seen-$method"
	done
	kills_before=$(oom_kills)
	echo >$tracing/trace
	cut -d ' ' -f 1 /proc/uptime >"$out/begin"
	scenario
	kills=$(($(oom_kills) - kills_before))
	for method in $methods; do
		await_incidents "$method"
	done
	echo $(($(oom_kills) - kills_before)) >"$out/oom_kills"
	cat $tracing/trace >"$out/events.trace"
	for name in panic_on_oom oom_kill_allocating_task oom_dump_tasks overcommit_memory overcommit_ratio overcommit_kbytes \
		min_free_kbytes watermark_scale_factor swappiness lowmem_reserve_ratio; do
		echo "$name $(cat /proc/sys/vm/$name)"
	done >"$out/sysctls"
	sed -n 's/^SwapTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo >"$out/swap_total_kb"
	cat $group/memory.events >"$out/memory.events" 2>/dev/null
	dmesg >"$out/dmesg.txt"
}

# one_scenario: in a subshell, with which the holders die, however it ends.
one_scenario() {
	# shellcheck source=/dev/null
	. "/scenarios/$scenario.sh"
	(run_scenario)
	ended=$?
	clean_up
	return $ended
}

if [ "$1" = programs ]; then
	oomtrace doctor >/out/doctor.txt 2>&1
	shift
fi
tracing=/sys/kernel/tracing
echo mono >$tracing/trace_clock
echo 'sig == 9' >$tracing/events/signal/signal_generate/filter
for event in oom signal/signal_generate sched/sched_process_exit; do
	echo 1 >$tracing/events/$event/enable
done
methods='' status=0
[ "$1" = none ] || methods=$(echo "$1" | tr , ' ')
shift
first=$1
# shellcheck source=/dev/null
incidents_to=$(incidents_to= && . "/scenarios/$first.sh" && echo "$incidents_to")
for method in $methods; do
	start_tracer "$method"
done
for method in $methods; do
	await_tracer "$method"
done
for scenario in "$@"; do
	out=/out/$scenario
	mkdir -p "$out"
	dmesg -c >/dev/null
	incidents=2 silent=0 group=/sys/fs/cgroup/limited
	(one_scenario) || status=1
	# shellcheck disable=SC2034 # for scenarios that must not come too soon after another
	last_end=$(uptime_s)
	find $group -depth -type d 2>/dev/null | while read -r directory; do
		remove_group "$directory"
	done
done
for method in $methods; do
	end_tracer "$method"
done
exit $status
