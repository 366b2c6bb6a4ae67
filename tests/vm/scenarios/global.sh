# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # its variables are those of guest/oom_scenarios.sh
#
# The host. A holder whose oom_score_adj outweighs the larger eater dies first, then the eater.
scenario() {
	hold in protected -1000 0 40M 1M 1M
	hold in favoured -500 0 60M 0 0
	hold in plain 0 1000 30M 2M 1M
	hold in 'sacrifice (1)' 300 1001 110M 4M 2M
	eat --name eater
}
