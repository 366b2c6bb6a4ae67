#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# make_image.sh BUILD IMAGE     an ext4 image of a small Debian with systemd, with oomtrace's package of the build directory BUILD
#                               installed as a host has it, and service_steps.sh to be run when it is up
#
# Takes root. The Debian itself is kept for the next times: see scripts/support/debian_root.sh. Exit status 77: it cannot be made
# here, for the reason that is told.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
build=${1:?usage: make_image.sh BUILD IMAGE}
image=${2:?usage: make_image.sh BUILD IMAGE}
# shellcheck source=scripts/support/debian_root.sh
. "$top/scripts/support/debian_root.sh"
PATH=$PATH:/usr/sbin:/sbin

fast=/dev/shm # see tests/deploy/package_test.sh
[[ -d $fast && -w $fast && $(df --output=avail -B M "$fast" 2>/dev/null | tail -n 1 | tr -dc 0-9) -gt 1500 ]] || fast=${TMPDIR:-/tmp}
work=$(mktemp -d -p "$fast")
root=$work/root
trap 'rm -rf "$work"' EXIT

die() {
	printf 'make_image: %s\n' "$1" >&2
	[[ -z ${2:-} ]] || printf '%s\n' "$2" >&2
	exit "${3:-1}"
}
in_root() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive HOME=/root chroot "$root" "$@"; }

[[ $EUID -eq 0 ]] || die 'a chroot takes root' '' 77
for tool in dpkg-shlibdeps:dpkg-dev mkfs.ext4:e2fsprogs; do
	command -v "${tool%:*}" >/dev/null || die "${tool%:*} is not installed" "apt-get install ${tool#*:}" 77
done

(cd "$build" && cpack -G DEB -B "$work/package") >"$work/cpack.log" 2>&1 || die 'cpack failed' "$(cat "$work/cpack.log")"
package=("$work"/package/*.deb)
[[ -f ${package[0]} ]] || die 'cpack has made no package' "$(cat "$work/cpack.log")"
depends=$(dpkg-deb --field "${package[0]}" Depends | sed -E 's/ \([^)]*\)//g; s/ //g')

# libpam-systemd and a bus, for a user's own manager; systemd-container, for machines; the last five, for a user's own containers.
packages=$depends,systemd-sysv,dbus,libpam-systemd,curl,systemd-container,busybox-static,podman,crun,netavark,uidmap,dbus-user-session
archive=$(TMPDIR=$fast debian_root bookworm "$packages" 2>"$work/debian_root") ||
	die 'no Debian to put it in' "$(cat "$work/debian_root")" 77
mkdir "$root"
tar -C "$root" -xpf "$archive"

cp "${package[0]}" "$root/tmp/oomtrace.deb"
in_root dpkg --install /tmp/oomtrace.deb >"$work/install.log" 2>&1 || die 'the package does not install' "$(cat "$work/install.log")"
rm "$root/tmp/oomtrace.deb"

install -s "$build/tests/support/oom_workload" "$root/usr/local/bin/oom_workload"
install "$top/tests/vm/guest/answer" "$root/usr/local/sbin/answer"
install "$top/tests/vm/service/service_steps.sh" "$root/command"
mkdir "$root/out"
in_root useradd --create-home --uid 1000 alice
echo guest >"$root/etc/hostname"
rm -f "$root/etc/machine-id" && in_root systemd-machine-id-setup 2>/dev/null
# Nobody logs in, and there is no udev to tell of the console.
in_root systemctl --quiet mask serial-getty@ttyS0.service getty.target systemd-pstore.service
cat >"$root/etc/systemd/system/service-steps.service" <<'UNIT'
[Unit]
Description=What the test does in this guest
After=oomtrace.service systemd-logind.service

[Service]
Type=exec
ExecStart=/usr/local/sbin/answer

[Install]
WantedBy=multi-user.target
UNIT
in_root systemctl --quiet enable service-steps.service
mkdir -p "$root/etc/systemd/user"
cat >"$root/etc/systemd/user/greedy.service" <<'UNIT'
[Service]
MemoryMax=64M
MemorySwapMax=0
ExecStart=/usr/local/bin/oom_workload eat --name greedy
UNIT

# What the containers are made of: a program that eats under another name for each, to tell them apart.
container=$root/var/lib/machines/started
mkdir -p "$container"/{dev,etc,proc,run,sys,tmp,usr,var}
cp "$root/bin/busybox" "$container/busybox"
for name in tail rev tac sort shuf; do
	ln -s busybox "$container/$name"
done
mkdir -p "$root/etc/systemd/nspawn"
cat >"$root/etc/systemd/nspawn/started.nspawn" <<'NSPAWN'
[Exec]
Boot=no
Parameters=/rev /dev/zero
PrivateUsers=no
LinkJournal=no

[Network]
VirtualEthernet=no
NSPAWN

# Podman's image of it. The kernel has no modules here, so none for overlay. Nothing of Podman runs as root.
in_root systemctl --quiet mask podman.socket podman.service podman-restart.service podman-auto-update.service podman-auto-update.timer
tar -C "$container" -cf "$root/usr/local/share/started.tar" .
mkdir -p "$root/etc/containers"
printf '[storage]\ndriver = "vfs"\n' >"$root/etc/containers/storage.conf"
printf '[engine]\ncgroup_manager = "systemd"\nruntime = "crun"\n' >"$root/etc/containers/containers.conf"

rm -f "$image"
mkfs.ext4 -q -d "$root" -L oomtrace-root "$image" 700M >"$work/mkfs.log" 2>&1 || die 'mkfs.ext4 failed' "$(cat "$work/mkfs.log")"
