# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # its variables are those of guest/oom_scenarios.sh
#
# memory.oom.group: the whole group dies with its worst member, but for the one that may not be killed.
incidents=1

scenario() {
	limit_group 64M
	echo 1 >$group/memory.oom.group
	hold in plain 0 1000 10M 1M 1M --cgroup $group
	hold in second 500 1001 12M 2M 1M --cgroup $group
	hold in protected -1000 0 8M 0 0 --cgroup $group
	hold out outsider 800 0 16M 0 0
	eat --name eater --cgroup $group
}
