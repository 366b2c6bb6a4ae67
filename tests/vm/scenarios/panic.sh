# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # its variables are those of guest/oom_scenarios.sh
#
# vm.panic_on_oom: the kernel panics instead of killing, and nothing of what is in memory survives. The incident goes to a serial
# port, which takes no memory, the kernel's report to the console, and what was set up to the host before it begins.
incidents=1 incidents_to=/dev/ttyS3

scenario() {
	echo 1 >/proc/sys/vm/panic_on_oom
	hold in protected -1000 0 40M 1M 1M
	hold in plain 0 1000 30M 2M 1M
	# The kernel prints a row for each before it panics, on a serial console: that is the time the tracer has. A real one takes
	# ten milliseconds for a row at its usual 115,200 baud; what QEMU emulates takes none.
	oom_workload many --name bystander --adj 0 --count 900 --each 4K --ready-fd 3 3>/tmp/ready.many &
	for _ in $(seq 600); do
		[ ! -s /tmp/ready.many ] || break
		sleep 0.1
	done
	dmesg -n 8
	send_results
	echo 2 >/proc/sys/kernel/printk_delay # ms
	stty -F /dev/ttyS3 raw -echo
	printf '%4095s\n' '' >/dev/ttyS3 # has the kernel make a buffer as large as it will want, while it can
	eat --name eater
	fail "the kernel did not panic"
}
