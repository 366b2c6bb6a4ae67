# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # its variables are those of guest/oom_scenarios.sh
#
# cgroup v2, the limit two levels above the tasks, and a roomier one in between.
scenario() {
	limit_group 64M
	echo +memory >$group/cgroup.subtree_control
	mkdir $group/pod
	echo 1G >$group/pod/memory.max
	echo +memory >$group/pod/cgroup.subtree_control
	mkdir $group/pod/holders $group/pod/eaters
	hold in plain 0 1000 10M 1M 1M --cgroup $group/pod/holders
	hold in 'sacrifice (2)' 500 1001 12M 2M 1M --cgroup $group/pod/holders
	hold in protected -1000 0 8M 0 0 --cgroup $group/pod/eaters
	hold out outsider 800 0 16M 0 0
	eat --name eater --thread biter --cgroup $group/pod/eaters
}
