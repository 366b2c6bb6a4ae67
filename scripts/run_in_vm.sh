#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Boots one kernel of tests/vm/kernels.txt under QEMU with an initramfs made of busybox and the programs named, runs one
# command in it and brings back what the command left in /out. Nothing is decided by reading the console: /out travels as a tar
# on the guest's second serial port and the exit status on its third, because plain serial ports need no module on any kernel. What
# has to get out of a guest before it panics goes to its fourth.
set -euo pipefail

usage() {
	cat <<'USAGE'
usage: run_in_vm.sh KERNEL [OPTIONS] [-- COMMAND [ARGUMENT...]]
  KERNEL               a kernel of tests/vm/kernels.txt (fetched on first use); without a COMMAND: a shell on this terminal. One for
                       arm64 wants programs for arm64 (scripts/build.sh arm64)
  --program PATH[=NAME] put this program, with the shared libraries it needs, into the guest's PATH; may be repeated
  --file PATH=TARGET   copy a file or a directory to the absolute path TARGET; may be repeated
  --output DIR         what the guest left in /out, with stdout, stderr, dmesg.txt, the console's text in console.txt, and what
                       came through its /dev/ttyS3 in live.txt
  --memory SIZE        of the guest (512M)
  --cpus N             of the guest (2)
  --disk SIZE          an empty disk, /dev/nvme0n1 (which needs no module)
  --image FILE         boot this ext4 image in place of the initramfs; what is written to it is lost. Its own init runs, and has to
                       end with tests/vm/guest/answer; programs, files and COMMAND are in it already, and not given here
  --append TEXT        further kernel parameters
  --qemu TEXT          further arguments of QEMU, separated by spaces
  --timeout SECONDS    then QEMU is killed (120); 0: no limit
exit status: that of the COMMAND; 121 the guest panicked or ended without a status, 124 it ran out of time, 125 it could not
be started
USAGE
}

could_not_start=125
timed_out=124
guest_died=121

die() {
	printf 'run_in_vm: %s\n' "$1" >&2
	[ -z "${2:-}" ] || printf '  %s\n' "$2" >&2
	exit "$could_not_start"
}

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
kernel='' output='' memory=512M cpus=2 disk='' image='' append='' limit=120 more=()
programs=() files=() command=()
while [ $# -gt 0 ]; do
	case $1 in
	-h | --help) usage; exit 0 ;;
	--program | --file | --output | --memory | --cpus | --disk | --image | --append | --qemu | --timeout)
		[ $# -ge 2 ] || { usage >&2; exit 2; }
		case $1 in
		--program) programs+=("$2") ;;
		--file) files+=("$2") ;;
		--output) output=$2 ;;
		--memory) memory=$2 ;;
		--cpus) cpus=$2 ;;
		--disk) disk=$2 ;;
		--image) image=$2 ;;
		--append) append=$2 ;;
		--qemu) read -r -a more <<<"$2" ;;
		--timeout) limit=$2 ;;
		esac
		shift 2
		;;
	--) shift; command=("$@"); break ;;
	-*) usage >&2; exit 2 ;;
	*) [ -z "$kernel" ] || { usage >&2; exit 2; }; kernel=$1; shift ;;
	esac
done
[ -n "$kernel" ] || { usage >&2; exit 2; }
[ -z "$image" ] || [ $((${#programs[@]} + ${#files[@]} + ${#command[@]} + ${#disk})) -eq 0 ] || { usage >&2; exit 2; }
[ -z "$image" ] || [ -f "$image" ] || die "no image $image"

kernel_dir=$("$top/scripts/fetch_kernel.sh" "$kernel") || die "no kernel '$kernel'" "scripts/fetch_kernel.sh --list shows those there are"
case ${kernel_dir##*-} in
amd64)
	emulator=qemu-system-x86_64 strip=strip install='apt-get install qemu-system-x86 busybox-static cpio'
	busybox=$(command -v busybox) || die "busybox is not installed" "$install"
	;;
arm64)
	emulator=qemu-system-aarch64 strip=aarch64-linux-gnu-strip install='scripts/install_dependencies.sh test arm64'
	sysroot=$("$top/scripts/fetch_sysroot.sh") || die "no libraries for arm64"
	busybox=$sysroot/bin/busybox
	;;
*) die "no machine for ${kernel_dir##*-}" ;;
esac
for tool in "$emulator" "$strip" readelf cpio; do
	command -v "$tool" >/dev/null || die "$tool is not installed" "$install"
done
! readelf -l "$busybox" | grep -q INTERP || die "$busybox is not static" "apt-get install busybox-static"

work=$(mktemp -d)
qemu_pid=''
cleanup() {
	[ -z "$qemu_pid" ] || kill "$qemu_pid" 2>/dev/null || true
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# ---- the initramfs ----

root=$work/root
mkdir -p "$root"/{bin,dev,etc,out,proc,root,run,sys,tmp,usr/local/bin,var/tmp}
cp "$busybox" "$root/bin/busybox"
cp "$top/tests/vm/guest/init" "$top/tests/vm/guest/answer" "$root/"
chmod 755 "$root/init"

# libraries_of PROGRAM: the loader and the libraries that it needs, all the way down, each "PATH PATH_IN_THE_GUEST".
libraries_of() {
	if [ "${kernel_dir##*-}" = amd64 ]; then
		# ldd fails on a static program, which needs nothing else. Loader and libraries keep their paths.
		{ ldd "$1" 2>/dev/null || true; } | grep -o '/[^ ]*' | sed 's/.*/& &/'
		return
	fi
	local name
	{
		readelf -l "$1" | sed -n 's/.*program interpreter: \(.*\)]/\1/p'
		readelf -d "$1" | sed -n 's,.*(NEEDED).*\[\(.*\)],/lib/aarch64-linux-gnu/\1,p'
	} | while read -r name; do
		printf '%s %s\n' "$sysroot$name" "$name"
		libraries_of "$sysroot$name"
	done
}

install_program() {
	local path=${1%%=*} target
	target=$root/usr/local/bin/$(basename "${1##*=}")
	[ -f "$path" ] || die "no program $path"
	# Debug information would only take up the guest's memory; what is no program is copied as it is.
	"$strip" -o "$target" "$path" 2>/dev/null || cp "$path" "$target"
	chmod 755 "$target"
	libraries_of "$path" 2>/dev/null | sort -u | while read -r library place; do
		mkdir -p "$root$(dirname "$place")"
		cp -L "$library" "$root$place"
	done || true
}
for program in "${programs[@]}"; do
	install_program "$program"
done
for file in "${files[@]}"; do
	case $file in *=/*) ;; *) die "--file $file: PATH=/TARGET is meant" ;; esac
	mkdir -p "$root$(dirname "${file##*=}")"
	cp -rL "${file%%=*}" "$root${file##*=}"
done
if [ ${#command[@]} -gt 0 ]; then
	quote="'\\''"
	{
		printf '#!/bin/sh\nexec'
		for word in "${command[@]}"; do
			printf " '%s'" "${word//"'"/$quote}"
		done
		printf '\n'
	} >"$root/command"
	chmod 755 "$root/command"
fi
(cd "$root" && find . -print0 | cpio --null --create --format=newc --owner=0:0 --quiet) >"$work/initramfs"

# ---- the machine ----

# Software emulation everywhere, so that results do not depend on the host. amd64 without cx16 and la57 because QEMU 7.2 gets
# cmpxchg16b wrong and newer guests double-fault; arm64 with QEMU's own way of signing pointers, since the architecture's is slow
# where it is emulated. rootfstype=ramfs: on the tmpfs that is the default every file page of the initramfs would count as shared
# memory.
# With -icount a guest's time goes on by its own instructions, which only one thread can count.
accel=tcg,thread=multi
case " ${more[*]} " in *' -icount '*) accel=tcg,thread=single ;; esac
case ${kernel_dir##*-} in
amd64) console=ttyS0 machine=(-cpu "max,cx16=off,la57=off") ;;
arm64) console=ttyAMA0 machine=(-machine virt -cpu "max,pauth-impdef=on") ;;
esac
parameters="console=$console panic=-1 log_buf_len=4M $append"
qemu=("$emulator" -accel "$accel" "${machine[@]}" -m "$memory" -smp "$cpus"
	-nodefaults -no-user-config -display none -no-reboot -kernel "$kernel_dir/vmlinuz" "${more[@]}")

if [ -n "$image" ]; then
	parameters+=" root=/dev/nvme0n1 rootfstype=ext4 rw"
	qemu+=(-drive "file=$image,format=raw,if=none,id=disk,snapshot=on" -device "nvme,drive=disk,serial=disk")
else
	parameters+=" rootfstype=ramfs"
	qemu+=(-initrd "$work/initramfs")
fi
if [ -n "$disk" ]; then
	truncate -s "$disk" "$work/disk" || die "no disk of $disk"
	qemu+=(-drive "file=$work/disk,format=raw,if=none,id=disk" -device "nvme,drive=disk,serial=disk")
fi

if [ ${#command[@]} -eq 0 ] && [ -z "$image" ]; then
	"${qemu[@]}" -serial mon:stdio -append "$parameters"
	exit
fi

qemu+=(-append "$parameters quiet" -serial "file:$work/console.txt")
case ${kernel_dir##*-} in
amd64) qemu+=(-serial "file:$work/out.tar.gz" -serial "file:$work/status" -serial "file:$work/live.txt") ;;
arm64) # the machine has one serial port, which is not a ttyS; of a card with four the first is left alone
	qemu+=(-chardev "null,id=none" -chardev "file,id=out,path=$work/out.tar.gz" -chardev "file,id=status,path=$work/status"
		-chardev "file,id=live,path=$work/live.txt"
		-device "pci-serial-4x,chardev1=none,chardev2=out,chardev3=status,chardev4=live")
	;;
esac
# Emulated processors now and then crash a kernel that patches its own code while it boots. A guest that did not come up has run
# nothing of ours and is booted again; one that came up is not, whatever became of it.
boots=3
while :; do
	rm -f "$work"/{console.txt,out.tar.gz,status,live.txt}
	timeout --kill-after=5 "$limit" "${qemu[@]}" </dev/null 2>"$work/qemu.txt" &
	qemu_pid=$!
	qemu_status=0
	wait "$qemu_pid" || qemu_status=$?
	qemu_pid=''
	boots=$((boots - 1))
	[ "$qemu_status" -eq 0 ] && [ "$boots" -gt 0 ] && ! grep -q '^up' "$work/status" || break
	printf 'run_in_vm: kernel %s: crashed before the guest was up: %s; booting it again\n' "$kernel" \
		"$(grep -a -m 1 -o 'Kernel panic - .*' "$work/console.txt" | tr -d '\r' || echo 'no panic on the console')" >&2
done

# ---- what came back ----

guest_status=$(tr -d '\r' <"$work/status" 2>/dev/null | sed -n 2p || true)
mkdir -p "$work/out"
unpacked=true
tar -xzf "$work/out.tar.gz" -C "$work/out" 2>/dev/null || unpacked=false
if [ -n "$output" ]; then
	mkdir -p "$output"
	cp -r "$work/out/." "$output/"
	cp "$work/console.txt" "$output/console.txt" 2>/dev/null || true
	cp "$work/live.txt" "$output/live.txt" 2>/dev/null || true
fi

show_console() {
	printf '  the console, last lines%s:\n' "${output:+ (all of it in $output/console.txt)}" >&2
	tail -n 15 "$work/console.txt" 2>/dev/null | tr -d '\r' | sed 's/^/    /' >&2
}
case $qemu_status in
0) ;;
124 | 137)
	printf 'run_in_vm: kernel %s: no end after %s s; QEMU was killed\n' "$kernel" "$limit" >&2
	show_console
	exit "$timed_out"
	;;
*) die "QEMU ended with status $qemu_status" "$(head -n 5 "$work/qemu.txt")" ;;
esac
if [ -z "$guest_status" ]; then
	if panic=$(grep -a -m 1 -o 'Kernel panic - .*' "$work/console.txt" | tr -d '\r'); then
		printf 'run_in_vm: kernel %s: the guest panicked: %s\n' "$kernel" "$panic" >&2
	else
		printf 'run_in_vm: kernel %s: the guest ended without reporting a status\n' "$kernel" >&2
	fi
	show_console
	exit "$guest_died"
fi
[ "$unpacked" = true ] || die "the guest's output did not arrive whole" "$(head -n 3 "$work/console.txt" 2>/dev/null)"
cat "$work/out/stdout"
cat "$work/out/stderr" >&2
exit "$guest_status"
