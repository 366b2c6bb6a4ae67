# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # its variables are those of guest/oom_scenarios.sh
#
# vm.oom_dump_tasks=0: the kernel's report has no table of tasks. Ours has.
scenario() {
	echo 0 >/proc/sys/vm/oom_dump_tasks
	hold in protected -1000 0 40M 1M 1M
	hold in 'sacrifice (1)' 300 1001 110M 4M 2M
	eat --name eater
}

clean_up() {
	echo 1 >/proc/sys/vm/oom_dump_tasks
}
