# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # its variables are those of guest/oom_scenarios.sh
#
# Thirty OOMs in a row. The kernel prints ten reports in five seconds and suppresses the others.
incidents=30

# Its reports are counted from the first one on, whoever was before.
forget_reports() {
	sleep 6
}

scenario() {
	forget_reports
	limit_group 8M
	begin=$(cut -d ' ' -f 1 /proc/uptime)
	for _ in $(seq $incidents); do
		eat --name eater --cgroup $group
	done
	echo "$begin $(cut -d ' ' -f 1 /proc/uptime)" >"$out/uptimes"
}

clean_up() {
	forget_reports
}
