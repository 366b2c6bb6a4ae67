# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # its variables are those of guest/oom_scenarios.sh
#
# Plenty of memory is free, but no four pages of it in a row: every second page belongs to a pipe, and cannot be moved.
incidents=1

scenario() {
	hold in protected -1000 0 8M 0 0
	hold in 'sacrifice (1)' 300 1001 60M 4M 2M
	oom_workload fragment --name fragmenter --adj -1000 --uid 0 --spare 24M &
	echo "in $! -1000 0 0 0 0 fragmenter" >>"$out/expected"
	wait $! || fail "no block of four pages was refused"
}
