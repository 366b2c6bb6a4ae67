# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # its variables are those of guest/oom_scenarios.sh
#
# Two nodes, and a cpuset that allows one of them. A large process that may use both is weighed, and dies for it.
scenario() {
	echo '+cpuset' >/sys/fs/cgroup/cgroup.subtree_control || skip "no cpuset controller"
	mkdir $group
	echo 1 >$group/cpuset.mems
	hold in 'innocent (1)' 800 1001 90M 0 0
	hold in protected -1000 0 10M 0 0
	eat --name eater --cgroup $group
}
