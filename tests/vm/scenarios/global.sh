# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # its variables are those of guest/oom_scenarios.sh
#
# The host, with many tasks. A holder that has volunteered dies first, so small that it does not matter when its memory is back; then
# one whose oom_score_adj outweighs the larger eater; then the eater.
incidents=3

scenario() {
	hold in protected -1000 0 40M 1M 1M
	hold in favoured -500 0 60M 0 0
	hold in plain 0 1000 30M 2M 1M
	hold in 'sacrifice (1)' 300 1001 110M 4M 2M
	hold in volunteer 1000 1002 3M 0 0
	mkfifo /tmp/ready.many
	oom_workload many --name bystander --adj 0 --count 150 --each 4K --ready-fd 3 3>/tmp/ready.many &
	read -r _ </tmp/ready.many || fail "the bystanders did not get their memory"
	eat --name eater
}

clean_up() {
	rm -f /tmp/ready.many
}
