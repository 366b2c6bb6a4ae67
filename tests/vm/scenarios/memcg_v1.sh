# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # its variables are those of guest/oom_scenarios.sh
#
# The memory controller of cgroup v1, where the kernel still has it.
group=/tmp/v1/limited

scenario() {
	mkdir -p /tmp/v1
	mount -t cgroup -o memory memory /tmp/v1 2>/dev/null || skip "no memory controller for cgroup v1"
	mkdir $group || fail "cannot make $group"
	echo 64M >$group/memory.limit_in_bytes
	hold in plain 0 1000 10M 1M 1M --cgroup $group
	hold in 'sacrifice (2)' 500 1001 12M 2M 1M --cgroup $group
	hold in protected -1000 0 8M 0 0 --cgroup $group
	hold out outsider 800 0 16M 0 0
	eat --name eater --thread biter --cgroup $group
}

clean_up() {
	[ ! -d $group ] || remove_group $group
	umount /tmp/v1
}
