# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # its variables are those of guest/oom_scenarios.sh
#
# vm.oom_kill_allocating_task: who asks dies, and nobody is weighed.
incidents=1

scenario() {
	echo 1 >/proc/sys/vm/oom_kill_allocating_task
	hold in protected -1000 0 40M 1M 1M
	hold in 'larger (1)' 300 1001 160M 4M 2M
	eat --name eater
}

clean_up() {
	echo 0 >/proc/sys/vm/oom_kill_allocating_task
}
