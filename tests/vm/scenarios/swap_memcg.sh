# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # its variables are those of guest/oom_scenarios.sh
#
# cgroup v2 with a limit on memory and one on swap: both are full when somebody has to die.
incidents=0

scenario() {
	mkswap /dev/nvme0n1 >/dev/null && swapon /dev/nvme0n1 || fail "cannot swap to the disk"
	limit_group 32M
	[ -e $group/memory.swap.max ] || skip "swap is not accounted to cgroups"
	echo 64M >$group/memory.swap.max
	hold in plain 0 1000 4M 0 0 --cgroup $group
	hold in 'sacrifice (2)' 500 1001 48M 0 0 --cgroup $group
	eat_at_most 1G --name eater --until-kill 1 --cgroup $group
}

clean_up() {
	swapoff /dev/nvme0n1
}
