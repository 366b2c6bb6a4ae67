# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # its variables are those of guest/oom_scenarios.sh
#
# cgroup v2, the limit on the tasks' own group.
scenario() {
	limit_group 64M
	hold in plain 0 1000 10M 1M 1M --cgroup $group
	hold in 'sacrifice (2)' 500 1001 12M 2M 1M --cgroup $group
	hold in protected -1000 0 8M 0 0 --cgroup $group
	hold out outsider 800 0 16M 0 0
	eat --name eater --thread biter --cgroup $group
}
