# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # its variables are those of guest/oom_scenarios.sh
#
# Two nodes, and a task bound to one of them by MPOL_BIND. A large process that may use both is weighed, and dies for it.
scenario() {
	hold in 'innocent (1)' 800 1001 90M 0 0
	hold in protected -1000 0 10M 0 0
	eat --name eater --bind 1
}
