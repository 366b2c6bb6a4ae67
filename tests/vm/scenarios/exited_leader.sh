# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # its variables are those of guest/oom_scenarios.sh
#
# A thread-group leader that has exited, while a thread holds the memory: the kernel weighs, and kills, by the thread.
incidents=0

scenario() {
	limit_group 64M
	hold in plain 0 1000 6M 0 0 --cgroup $group
	hold in leaderless 500 1001 16M 0 0 --leader-exits 1 --cgroup $group
	eat_at_most 50M --name eater --cgroup $group
}
