# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # its variables are those of guest/oom_scenarios.sh
#
# Three thousand tasks in a group: more than the kernel's log buffer holds rows of, by default.
incidents=1

scenario() {
	limit_group 1400M
	echo 100000 >/proc/sys/kernel/pid_max
	oom_workload many --name forked --adj 0 --count 3000 --each 64K --cgroup $group --ready-fd 3 3>/tmp/ready.many &
	for _ in $(seq 1200); do
		[ ! -s /tmp/ready.many ] || break
		sleep 0.1
	done
	[ -s /tmp/ready.many ] || fail "the forked tasks did not get their memory"
	echo $! >"$out/parent"
	eat --name eater --step 16M --cgroup $group
}
