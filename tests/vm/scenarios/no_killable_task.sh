# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # its variables are those of guest/oom_scenarios.sh
#
# A group in which nobody may be killed: the OOM killer runs, and finds no victim, again and again.
incidents=0

scenario() {
	limit_group 16M
	hold in protected -1000 0 8M 0 0 --cgroup $group
	# Every time with a report, every few milliseconds: a second of it would overflow the kernel's log and the tracer's ring, as nobody
	# else gets on meanwhile. So the eater ends by itself.
	oom_workload eat --name eater --adj -1000 --uid 0 --cgroup $group --cpu-ms 300 &
	eater=$!
	echo "in $eater -1000 0 0 0 0 eater" >>"$out/expected"
	wait $eater
}
