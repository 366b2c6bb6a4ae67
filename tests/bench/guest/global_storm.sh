#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# global_storm.sh COUNT
#
# Runs in the test guest, which has little memory: drives it out of memory COUNT times under `oomtrace agent`, with store and HTTP, one
# process after the other. Leaves in /out: agent.log, killed (the pids), oom_kills (the kernel's count of them), agent (what the agent is
# and took: lines of NAME VALUE), history.jsonl (what the store has) and metrics.txt.

fail() {
	echo "global_storm: $1" >&2
	tail -n 20 /out/agent.log >&2
	exit 1
}

oom_kills() {
	sed -n 's/^oom_kill //p' /proc/vmstat
}

# Microseconds in which something in its cgroup waited for memory.
waited_us() {
	sed -n 's/^some .*total=//p' $group/memory.pressure 2>/dev/null
}

major_faults() {
	cut -d ' ' -f 12 "/proc/$agent/stat"
}

resident_kb() {
	sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$agent/status"
}

in_store() {
	oomtrace history --json --store /out/incidents.db | tee /out/history.jsonl | wc -l
}

group=/sys/fs/cgroup/agent
ifconfig lo 127.0.0.1 up
echo +memory >/sys/fs/cgroup/cgroup.subtree_control
mkdir $group
cat >/tmp/agent.conf <<'CONF'
store = /out/incidents.db
lock-file = /tmp/agent.lock
web.listen-address = 127.0.0.1:19637
since-boot = false
journal = false
CONF
sh -c "echo \$\$ >$group/cgroup.procs; exec oomtrace agent --config /tmp/agent.conf" 2>/out/agent.log &
agent=$!
for _ in $(seq 600); do
	! grep -q 'watching by' /out/agent.log || break
	kill -0 $agent 2>/dev/null || fail "the agent ended"
	sleep 0.1
done
before=$(oom_kills) faults=$(major_faults) waited=$(waited_us)
echo "resident_kb_before $(resident_kb)" >/out/agent
for _ in $(seq "$1"); do
	oom_workload eat --name eater --adj 0 --uid 0 &
	eater=$!
	wait $eater 2>/dev/null # the shell would say "Killed"
	[ $? -eq 137 ] || fail "the eater was not killed"
	echo $eater >>/out/killed
done
kills=$(($(oom_kills) - before))
echo $kills >/out/oom_kills
kill -0 $agent || fail "the agent is gone"
{
	echo "resident_kb_after $(resident_kb)"
	echo "major_faults $(($(major_faults) - faults))"
	[ -z "$waited" ] || echo "waited_us $(($(waited_us) - waited))"
} >>/out/agent
for _ in $(seq 100); do
	[ "$(in_store)" -lt "$kills" ] || break
	sleep 0.2
done
wget -q -O /out/metrics.txt http://127.0.0.1:19637/metrics || fail "no metrics"
kill -TERM $agent
wait $agent || fail "the agent failed"
rm /out/incidents.db*
