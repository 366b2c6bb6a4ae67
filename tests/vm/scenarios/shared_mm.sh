# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # its variables are those of guest/oom_scenarios.sh
#
# Processes that share an address space and are no threads of one another: the kernel kills them all for the one it chose.
incidents=0

scenario() {
	limit_group 64M
	hold in plain 0 1000 6M 0 0 --cgroup $group
	hold in sharing 500 1001 16M 0 0 --sharers 2 --cgroup $group
	eat_at_most 50M --name eater --cgroup $group
}
