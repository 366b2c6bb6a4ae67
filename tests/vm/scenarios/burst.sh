# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # its variables are those of guest/oom_scenarios.sh
#
# Thirty groups that run into their limits at the same moment. The kernel prints ten reports in five seconds and suppresses the others.
incidents=30

# Its reports are counted from the first one on, whoever was before: until the window of the last scenario's has passed.
scenario() {
	limit_group max
	echo +memory >$group/cgroup.subtree_control
	wait_until_after "${last_end:-0}" 6
	rm -f /tmp/go /tmp/ready
	mkfifo /tmp/go /tmp/ready
	exec 9<>/tmp/go
	for number in $(seq $incidents); do
		mkdir $group/$number
		echo 3M >$group/$number/memory.max
		oom_workload eat --name eater --adj 0 --uid 0 --step 256K --cgroup $group/$number --ready-fd 3 --go-fd 4 \
			3>/tmp/ready 4</tmp/go 9>&- &
		read -r _ </tmp/ready || fail "eater $number did not start"
		echo "in $! 0 0 0 0 0 eater" >>"$out/expected"
	done
	uptime_s >/tmp/burst_begin
	exec 9>&-
	wait
}

clean_up() {
	[ ! -f /tmp/burst_begin ] || wait_until_after "$(cat /tmp/burst_begin)" 6
}
