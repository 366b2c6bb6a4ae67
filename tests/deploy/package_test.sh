#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# package_test.sh BUILD     the Debian package of the build directory BUILD, which must be built
#
# Makes it, has lintian look at it, and in a Debian of its own (a chroot) installs it, runs it, upgrades it to a higher version,
# removes and purges it, and compares what is left with what was there before. The first time takes minutes: see
# scripts/support/debian_root.sh. Exit status 77: a part could not be run here, and nothing failed.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=${1:?usage: package_test.sh BUILD}
# shellcheck source=scripts/support/debian_root.sh
. "$top/scripts/support/debian_root.sh"

# In memory where there is room: dpkg waits for the disk after every file.
fast=/dev/shm
[[ -d $fast && -w $fast && $(df --output=avail -B M "$fast" 2>/dev/null | tail -n 1 | tr -dc 0-9) -gt 1500 ]] || fast=${TMPDIR:-/tmp}
work=$(mktemp -d -p "$fast")
root=$work/root
skipped=''
# Nothing is mounted into the chroot, so that all of it can go.
trap 'rm -rf "$work"' EXIT

die() {
	printf 'package_test: %s\n' "$1" >&2
	[[ -z ${2:-} ]] || printf '%s\n' "$2" >&2
	exit 1
}
say() { printf '== %s\n' "$1"; }
skip() {
	printf 'package_test: skipped: %s\n' "$1"
	skipped=$1
}

# package VERSION: makes it, and prints the path.
package() {
	(cd "$build" && cpack -G DEB -R "$1" -B "$work/$1") >"$work/cpack.log" 2>&1 || die 'cpack failed' "$(cat "$work/cpack.log")"
	local made=("$work/$1"/*.deb)
	[[ -f ${made[0]} ]] || die "cpack has made no package" "$(cat "$work/cpack.log")"
	echo "${made[0]}"
}

in_root() {
	# From a clean environment: what this machine's has, a user's does not.
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive HOME=/root chroot "$root" "$@"
}

# files_of_root: every path with its kind and mode, without what dpkg, systemctl and the libraries' caches write themselves.
files_of_root() {
	(cd "$root" && find . -xdev \( -path ./var/lib/dpkg -o -path ./var/log -o -path ./var/cache -o -path ./run -o -path ./tmp -o -path ./root \) -prune -o \
		-printf '%p %y %m\n' | grep -v '^\./etc/ld.so.cache ' | sort)
}

# make_root PACKAGE: the chroot, with the libraries that PACKAGE needs and without PACKAGE.
make_root() {
	local depends archive
	depends=$(dpkg-deb --field "$1" Depends | sed -E 's/ \([^)]*\)//g; s/ //g')
	# With init-system-helpers and systemd: what the maintainer scripts talk to on a host.
	archive=$(TMPDIR=$fast debian_root bookworm "$depends,systemd" 2>"$work/debian_root") || { skip "$(cat "$work/debian_root")"; return 1; }
	mkdir -p "$root"
	tar -C "$root" -xpf "$archive"
}

is_state() { [[ $(in_root dpkg-query --show --showformat '${db:Status-Status} ${Version}' oomtrace 2>/dev/null) == "$1" ]]; }

install_and_remove() {
	local before=$work/before after=$work/after wants=/etc/systemd/system/sysinit.target.wants/oomtrace.service
	files_of_root >"$before"
	cp "$old" "$new" "$root/tmp/"

	say 'install'
	in_root dpkg --install "/tmp/${old##*/}" || die 'it does not install'
	is_state "installed $version" || die "it is not installed as $version"
	[[ $(in_root oomtrace --version) == "oomtrace $version" ]] || die 'oomtrace --version is another'
	in_root oomtrace agent --check-config || die 'the agent does not take the configuration that came with it'
	in_root oomtrace schema >/dev/null || die 'oomtrace schema fails'
	[[ $(stat -c '%a %U' "$root/var/lib/oomtrace") == '750 root' ]] || die '/var/lib/oomtrace is not there or open to all'
	[[ -L $root$wants ]] || die 'the service is not enabled'
	# There is no man in the chroot.
	in_root systemd-analyze verify --man=no oomtrace.service 2>"$work/verify" || die 'systemd does not take the unit' "$(cat "$work/verify")"
	in_root journalctl --list-catalog "$catalog_id" | grep -q oomtrace || die 'the journal does not know the catalog entry'
	in_root dpkg --verify oomtrace | grep . && die 'files are not as the package has them'

	say 'upgrade'
	echo 'store.max-age = 30d' >>"$root/etc/oomtrace/agent.conf"
	echo kept >"$root/var/lib/oomtrace/incidents.db"
	# What an administrator switched off stays off.
	in_root systemctl disable oomtrace.service 2>/dev/null
	in_root dpkg --install "/tmp/${new##*/}" || die 'it does not upgrade'
	is_state "installed $next" || die "it is not installed as $next"
	grep -q '^store.max-age = 30d$' "$root/etc/oomtrace/agent.conf" || die 'the upgrade has lost the configuration'
	[[ $(cat "$root/var/lib/oomtrace/incidents.db") == kept ]] || die 'the upgrade has lost the store'
	[[ ! -L $root$wants ]] || die 'the upgrade has enabled a service that was disabled'

	say 'remove'
	in_root dpkg --remove oomtrace || die 'it cannot be removed'
	is_state "config-files $next" || die 'removed, it is in another state than "config-files"'
	[[ -f $root/etc/oomtrace/agent.conf && -f $root/var/lib/oomtrace/incidents.db ]] || die 'removing has taken configuration or store'
	[[ ! -e $root/usr/bin/oomtrace ]] || die 'removing has left the program'

	say 'purge'
	in_root dpkg --purge oomtrace || die 'it cannot be purged'
	! in_root dpkg-query --show oomtrace 2>/dev/null || die 'dpkg still knows it'
	rm "$root/tmp/${old##*/}" "$root/tmp/${new##*/}"
	files_of_root >"$after"
	diff -u "$before" "$after" || die 'the host is not as it was before'
}

command -v dpkg-shlibdeps >/dev/null || { skip 'dpkg-shlibdeps is not installed (Debian package dpkg-dev)'; exit 77; }
version=$("$build/src/oomtrace" --version | cut -d ' ' -f 2)
next=${version%.*}.$((${version##*.} + 1))
catalog_id=$(sed -n 's/^-- //p' "$top/deploy/oomtrace.catalog")

say "make $version and $next"
old=$(package "$version")
new=$(package "$next")

if command -v lintian >/dev/null; then
	say 'lintian'
	lintian --allow-root --fail-on error,warning --display-level '>=warning' "$old" || die 'lintian finds fault with it'
else
	skip 'lintian is not installed'
fi

if make_root "$old"; then
	install_and_remove
fi
[[ -z $skipped ]] || exit 77
say 'all good'
