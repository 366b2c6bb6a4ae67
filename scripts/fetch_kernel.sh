#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Fetches one kernel of tests/vm/kernels.txt from Debian's archive into a cache and prints the directory that holds it:
# vmlinuz, config, lib/modules/ and `package` (the name and version taken). Needs no root and leaves the system's own apt state
# alone: sources, lists and packages live in a private apt configuration under the cache.
set -euo pipefail

usage() {
	cat <<'USAGE'
usage: fetch_kernel.sh NAME [--refresh]
       fetch_kernel.sh --list
  NAME       a kernel of tests/vm/kernels.txt
  --refresh  ask the mirror for a newer package even when the cache has one
environment:
  OOMTRACE_MIRROR           Debian mirror (default: the one in this system's apt sources)
  OOMTRACE_SECURITY_MIRROR  mirror of the -security suites (same default)
  XDG_CACHE_HOME            the cache is $XDG_CACHE_HOME/oomtrace, by default ~/.cache/oomtrace
USAGE
}

die() {
	printf 'fetch_kernel: %s\n' "$1" >&2
	[ -z "${2:-}" ] || printf '  %s\n' "$2" >&2
	exit 1
}

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
list=$top/tests/vm/kernels.txt
cache=${XDG_CACHE_HOME:-$HOME/.cache}/oomtrace

name='' refresh=false
for argument in "$@"; do
	case $argument in
	-h | --help) usage; exit 0 ;;
	--list) grep -Ev '^[[:space:]]*(#|$)' "$list"; exit 0 ;;
	--refresh) refresh=true ;;
	-*) usage >&2; exit 2 ;;
	*) [ -z "$name" ] || { usage >&2; exit 2; }; name=$argument ;;
	esac
done
[ -n "$name" ] || { usage >&2; exit 2; }

read -r arch suite pattern < <(awk -v name="$name" '$1 == name { print $2, $3, $4 }' "$list") || true
[ -n "${pattern:-}" ] || die "no kernel named '$name' in $list" "$(grep -Ev '^[[:space:]]*(#|$)' "$list" | awk '{ printf "%s ", $1 }')"

kernel=$cache/kernels/${name%"-$arch"}-$arch
if [ "$refresh" = false ] && [ -f "$kernel/package" ]; then
	printf '%s\n' "$kernel"
	exit 0
fi

# shellcheck source=scripts/support/debian_mirror.sh
. "$top/scripts/support/debian_mirror.sh"
# shellcheck source=scripts/support/private_apt.sh
. "$top/scripts/support/private_apt.sh"
case $suite in
*-security) mirror=${OOMTRACE_SECURITY_MIRROR:-$(debian_mirror debian-security)} ;;
*) mirror=${OOMTRACE_MIRROR:-$(debian_mirror debian)} ;;
esac
mkdir -p "$cache/kernels"
exec 9>"$cache/lock"
flock 9
private_apt "$cache/apt/$suite-$arch" "$arch" "$mirror" "$suite"

printf 'fetch_kernel: reading the package list of %s from %s\n' "$suite" "$mirror" >&2
apt-get -q -q update >&2 || die "apt-get update for $suite at $mirror failed" "set OOMTRACE_MIRROR to a mirror that can be reached"
mapfile -t images < <(apt-cache pkgnames linux-image | grep -Ex "$pattern" | sort -rV | head -n 3)
[ ${#images[@]} -gt 0 ] || die "$suite has no package that matches $pattern" "correct the pattern in $list"

# From 6.19 on the image package is empty: vmlinuz, config and modules are in packages that it depends on.
packages_of() {
	printf '%s\n' "$1"
	apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances "$1" |
		sed -nE 's/^ *Depends: *(linux-(binary|modules|base)-[0-9].*)$/\1/p' | sort -u
}

work=$cache/kernels/.$name-$arch.$$
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/debs" "$work/tree" "$work/kernel/lib/modules"

# A package may still be listed and already be gone: then the one before it is taken.
fetched=false
for image in "${images[@]}"; do
	mapfile -t packages < <(packages_of "$image")
	printf 'fetch_kernel: downloading %s\n' "${packages[*]}" >&2
	if (cd "$work/debs" && apt-get -q -q download "${packages[@]}" >&2); then
		fetched=true
		break
	fi
	rm -f "$work"/debs/*
done
[ "$fetched" = true ] || die "none of ${images[*]} could be downloaded from $mirror" "see the error above; OOMTRACE_MIRROR sets another mirror"
for deb in "$work"/debs/*.deb; do
	dpkg-deb --extract "$deb" "$work/tree"
done
vmlinuz=$(find "$work/tree" -type f '(' -name vmlinuz -o -name 'vmlinuz-*' ')' -print -quit)
config=$(find "$work/tree" -type f '(' -path '*/lib/modules/*/config' -o -path '*/boot/config-*' ')' -print -quit)
modules=$(find "$work/tree" -type d -path '*/lib/modules/*' -prune -print -quit)
[ -n "$vmlinuz" ] && [ -n "$config" ] ||
	die "no vmlinuz or no config in ${packages[*]}" "Debian has moved them: see what the image package depends on"
mv "$vmlinuz" "$work/kernel/vmlinuz"
cp "$config" "$work/kernel/config"
[ -z "$modules" ] || mv "$modules" "$work/kernel/lib/modules/"
for deb in "$work"/debs/*.deb; do
	dpkg-deb --show --showformat '${Package} ${Version}\n' "$deb"
done >"$work/kernel/package"
rm -rf "$kernel"
mv "$work/kernel" "$kernel"
printf '%s\n' "$kernel"
