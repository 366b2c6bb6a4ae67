# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Sourced. debian_root SUITE PACKAGES: a small Debian with these packages (separated by commas) as a tar file, and prints its path.
# debootstrap makes it from the mirror of this system's apt the first time, which takes minutes and root; it is kept in
# $XDG_CACHE_HOME/oomtrace for the next times. Where it cannot be made: status 1, and the reason on stderr.
# shellcheck source=scripts/support/debian_mirror.sh
. "$(dirname "${BASH_SOURCE[0]}")/debian_mirror.sh"

debian_root() {
	local suite=$1 packages=$2 cache=${XDG_CACHE_HOME:-$HOME/.cache}/oomtrace key archive mirror work
	key=$(printf '%s %s' "$suite" "$packages" | sha256sum | cut -c 1-12)
	archive=$cache/package-root-$key.tar
	if [[ ! -f $archive ]]; then
		[[ $EUID -eq 0 ]] || { echo 'a chroot takes root' >&2; return 1; }
		mirror=$(debian_mirror debian)
		[[ -n $mirror ]] || { echo 'no Debian mirror in the apt sources of this system' >&2; return 1; }
		command -v debootstrap >/dev/null || { echo 'debootstrap is not installed: apt-get install debootstrap' >&2; return 1; }
		mkdir -p "$cache"
		work=$(mktemp -d)
		if debootstrap --variant=minbase --include="$packages" "$suite" "$work/root" "$mirror" >"$work/log" 2>&1 &&
			tar -C "$work/root" --one-file-system --exclude='./var/cache/apt/archives/*.deb' -cf "$archive.$$" .; then
			mv "$archive.$$" "$archive"
		else
			echo 'debootstrap failed' >&2
			tail -n 20 "$work/log" >&2
			rm -f "$archive.$$"
		fi
		rm -rf "$work"
	fi
	[[ -f $archive ]] && echo "$archive"
}
