# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # its variables are those of guest/oom_scenarios.sh
#
# Somebody asks for a kill with SysRq-f: memory is not short, and nobody allocates.
incidents=1

scenario() {
	echo 1 >/proc/sys/kernel/sysrq
	hold in protected -1000 0 40M 1M 1M
	hold in plain 0 1000 30M 2M 1M
	hold in 'sacrifice (1)' 300 1001 60M 4M 2M
	echo f >/proc/sysrq-trigger
	wait $! # the holder started last
}
