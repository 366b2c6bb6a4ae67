# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154,SC3045 # its variables are those of guest/oom_scenarios.sh; busybox has ulimit -l
#
# Plenty of memory is free, but no four pages of it in a row: every second page belongs to a pipe, and cannot be moved. Newer kernels
# try compaction again as long as reclaim gets on: what the page cache has of the disk can be reclaimed, a page here and there, and the
# victim's memory is locked, so that compaction leaves it in one piece and its death helps. Older ones come to no compaction here: by
# its count of pages a zone would do.
incidents=1
calls=$tracing/events/syscalls/sys_enter_fcntl

scenario() {
	hold in protected -1000 0 8M 0 0
	case $(uname -r) in
	5.* | 6.1.* | 6.12.*)
		hold in 'sacrifice (1)' 300 1001 60M 4M 2M
		set --
		;;
	*)
		echo 0 >/proc/sys/vm/compact_unevictable_allowed
		ulimit -l unlimited
		hold in 'sacrifice (1)' 300 1001 60M 4M 2M --locked 1
		set -- --cached /dev/nvme0n1
		;;
	esac
	echo 'comm == "fragmenter"' >$calls/filter
	echo 1 >$calls/enable
	oom_workload fragment --name fragmenter --adj -1000 --uid 0 --spare 24M "$@" &
	echo "in $! -1000 0 0 0 0 fragmenter" >>"$out/expected"
	wait $! || fail "no block of four pages was refused"
}

clean_up() {
	echo 1 >/proc/sys/vm/compact_unevictable_allowed
	echo 0 >$calls/enable
	echo 0 >$calls/filter
}
