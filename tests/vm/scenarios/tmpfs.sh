# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # its variables are those of guest/oom_scenarios.sh
#
# A tmpfs fills the group. Its pages belong to no process, so that no victim explains the usage, and killing gives little back.
incidents=1

scenario() {
	limit_group 48M
	mkdir -p /tmp/filled
	mount -t tmpfs -o size=64M tmpfs /tmp/filled
	sh -c "echo \$\$ >$group/cgroup.procs && exec dd if=/dev/zero of=/tmp/filled/file bs=1M count=36" 2>/dev/null
	hold in plain 0 1000 2M 0 0 --cgroup $group
	eat --name eater --step 256K --cgroup $group
}

clean_up() {
	umount /tmp/filled
}
