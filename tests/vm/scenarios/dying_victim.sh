# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # its variables are those of guest/oom_scenarios.sh
#
# The one that is chosen has been killed already and still holds its memory: it sits in a frozen cgroup (v1: such tasks do not
# even die). The kernel marks it, which thaws it, and neither kills nor reports anybody.
incidents=0 silent=1
freezer=/tmp/freezer

scenario() {
	mkdir -p $freezer
	mount -t cgroup -o freezer freezer $freezer 2>/dev/null || skip "no freezer for cgroup v1"
	mkdir $freezer/cold
	limit_group 64M
	hold in plain 0 1000 6M 0 0 --cgroup $group
	hold in leaving 500 1001 36M 0 0 --cgroup $group
	leaving=$!
	echo $leaving >$freezer/cold/cgroup.procs
	echo FROZEN >$freezer/cold/freezer.state
	for _ in $(seq 100); do
		[ "$(cat $freezer/cold/freezer.state)" != FROZEN ] || break
		sleep 0.1
	done
	kill -KILL $leaving
	kill -0 $leaving || fail "the frozen process is gone"
	eat_at_most 50M --name eater --cgroup $group
}

clean_up() {
	[ ! -d $freezer/cold ] || echo THAWED >$freezer/cold/freezer.state
	remove_group $freezer/cold
	umount $freezer
}
