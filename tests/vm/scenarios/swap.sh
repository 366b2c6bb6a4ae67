# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # its variables are those of guest/oom_scenarios.sh
#
# The host, with swap: the victim holds most of its memory there.
incidents=0

scenario() {
	mkswap /dev/nvme0n1 >/dev/null && swapon /dev/nvme0n1 || fail "cannot swap to the disk"
	hold in protected -1000 0 10M 0 0
	hold in plain 0 1000 20M 0 1M
	hold in 'sacrifice (1)' 500 1001 64M 0 1M --swapped 56M
	eat_at_most 1G --name eater --until-kill 1
}

clean_up() {
	swapoff /dev/nvme0n1
}
