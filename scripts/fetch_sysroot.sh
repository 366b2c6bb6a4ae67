#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# fetch_sysroot.sh [--refresh]
#
# What of Debian 12 for arm64 an oomtrace for arm64 is built against and runs with, and a static busybox for its guest, in a
# directory of its own, which it prints. Needs no root: nothing is installed, and the system's own architectures stay as they are.
# --refresh: from the mirror again, even when the cache has it.
#
# environment: OOMTRACE_MIRROR, XDG_CACHE_HOME: as for fetch_kernel.sh
set -euo pipefail

die() {
	printf 'fetch_sysroot: %s\n' "$1" >&2
	[ -z "${2:-}" ] || printf '  %s\n' "$2" >&2
	exit 1
}

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/support/debian_mirror.sh
. "$top/scripts/support/debian_mirror.sh"
# shellcheck source=scripts/support/private_apt.sh
. "$top/scripts/support/private_apt.sh"

refresh=false
case ${1:-} in
'') ;;
--refresh) refresh=true ;;
*) die "unknown argument $1" "usage: fetch_sysroot.sh [--refresh]" ;;
esac

# The libraries of install_dependencies.sh that the programs themselves need.
packages=(
	busybox-static libc6-dev
	libbpf-dev libelf-dev zlib1g-dev
	libspdlog-dev libfmt-dev libcli11-dev nlohmann-json3-dev libexpected-dev libcap-ng-dev
	libarchive-dev liblzma-dev libbz2-dev
	libsqlite3-dev libzstd-dev
	libmicrohttpd-dev libgnutls28-dev libcrypt-dev
)
arch=arm64 suite=bookworm
cache=${XDG_CACHE_HOME:-$HOME/.cache}/oomtrace
sysroot=$cache/sysroot-$arch
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
if [ "$refresh" = false ] && [ "$(cat "$sysroot/packages" 2>/dev/null)" = "${packages[*]}" ]; then
	printf '%s\n' "$sysroot"
	exit 0
fi

apt=$cache/apt/$suite-$arch
private_apt "$apt" "$arch" "${OOMTRACE_MIRROR:-$(debian_mirror debian)}" "$suite"
printf 'fetch_sysroot: fetching the libraries of Debian %s for %s\n' "$suite" "$arch" >&2
apt-get -q -q update >&2 || die "apt-get update for $suite failed" "set OOMTRACE_MIRROR to a mirror that can be reached"
apt-get -q -q clean
apt-get -q -q install --download-only --yes --no-install-recommends "${packages[@]}" >&2 ||
	die "the packages could not be downloaded" "see the error above; OOMTRACE_MIRROR sets another mirror"

work=$cache/.sysroot-$arch.$$
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/usr/{bin,sbin,lib}
for directory in bin sbin lib; do
	ln -s "usr/$directory" "$work/$directory"
done
for deb in "$apt"/cache/archives/*.deb; do
	dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$work" --keep-directory-symlink --exclude=./usr/share/doc --exclude=./usr/share/man
done
# What a package links to by an absolute path is in the sysroot too.
find "$work" -type l -lname '/*' -printf '%P\t%l\n' | while IFS=$'\t' read -r link target; do
	ln -sfn --relative "$work$target" "$work/$link"
done
apt-get -q -q clean
echo "${packages[*]}" >"$work/packages"
rm -rf "$sysroot"
mv "$work" "$sysroot"
printf '%s\n' "$sysroot"
