# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # its variables are those of guest/oom_scenarios.sh
#
# Thirty OOMs in a row. The kernel prints ten reports in five seconds and suppresses the others.
incidents=30

# Its reports are counted from the first one on, whoever was before: until the window of the last scenario's has passed.
scenario() {
	limit_group 2M
	wait_until_after "${last_end:-0}" 6
	uptime_s >/tmp/burst_begin
	for _ in $(seq $incidents); do
		eat --name eater --step 256K --cgroup $group
	done
}

clean_up() {
	[ ! -f /tmp/burst_begin ] || wait_until_after "$(cat /tmp/burst_begin)" 6
}
