#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# regenerate_vmlinux.sh [amd64|arm64]...     (both without an argument)
#
# Makes vmlinux/<arch>/vmlinux.h from Debian's newest generic 6.12 kernel for bookworm and notes in vmlinux/README.md which
# kernel and bpftool made it. The package lists and the kernel are fetched under a private apt configuration: nothing is
# installed, the host's own apt state and architectures stay as they are, and no root is needed.
#
# OOMTRACE_KERNEL_PACKAGE=NAME=VERSION      takes that package instead (one architecture at a time)
# OOMTRACE_SECURITY_MIRROR, OOMTRACE_SUITE  other than the mirror in this system's apt sources, and bookworm-security
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/support/debian_mirror.sh
. "$top/scripts/support/debian_mirror.sh"
mirror=${OOMTRACE_SECURITY_MIRROR:-$(debian_mirror debian-security)}
suite=${OOMTRACE_SUITE:-bookworm-security}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
PATH=$PATH:/usr/sbin:/sbin

die() {
	echo "regenerate_vmlinux: $*" >&2
	exit 1
}

for tool in apt-get apt-cache dpkg-deb bpftool /usr/bin/python3 zstd; do
	command -v "$tool" >/dev/null || die "$tool is missing: run scripts/install_dependencies.sh"
done
[[ -n $mirror ]] || die "no Debian security mirror is among this system's apt sources: name one in OOMTRACE_SECURITY_MIRROR"
[[ -r $keyring ]] || die "$keyring is missing: apt-get install debian-archive-keyring"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

regenerate() {
	local debian_arch=$1 arch root package version image
	case $debian_arch in
	amd64) arch=x86_64 ;;
	arm64) arch=arm64 ;;
	*) die "unknown architecture $debian_arch: amd64 or arm64" ;;
	esac

	root=$work/$debian_arch
	mkdir -p "$root"/{lists/partial,cache/archives/partial,etc,tree}
	: >"$root/status"
	echo "deb [signed-by=$keyring arch=$debian_arch] $mirror $suite main" >"$root/etc/sources.list"
	# The host's own apt.conf.d stays in force: it is where a proxy is set.
	# Signatures are checked; the expiry date is not, since snapshots are past theirs.
	cat >"$root/apt.conf" <<END
Dir::Etc::sourcelist "$root/etc/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$root/lists";
Dir::State::status "$root/status";
Dir::Cache "$root/cache";
APT::Architecture "$debian_arch";
APT::Architectures { "$debian_arch"; };
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
END
	export APT_CONFIG=$root/apt.conf
	apt-get -q=2 update

	package=${OOMTRACE_KERNEL_PACKAGE:-}
	if [[ -z $package ]]; then
		package=$(apt-cache pkgnames linux-image-6.12. | grep -E "^linux-image-6\.12\.[0-9]+\+deb12-$debian_arch-unsigned\$" |
			sort -V | tail -n 1) || die "$suite has no generic 6.12 kernel for $debian_arch"
	fi
	version=$(apt-cache show "$package" | sed -n 's/^Version: //p' | head -n 1)
	echo "$arch: $package $version"

	(cd "$root" && apt-get -q=2 download "$package")
	dpkg-deb --fsys-tarfile "$root"/linux-image-*.deb | tar -x -C "$root/tree" --wildcards './boot/vmlinuz-*'
	image=$(echo "$root"/tree/boot/vmlinuz-*)
	/usr/bin/python3 "$top/scripts/support/extract_btf.py" "$image" "$root/vmlinux.btf"
	bpftool btf dump file "$root/vmlinux.btf" format c >"$root/vmlinux.h"
	grep -q '^struct task_struct {' "$root/vmlinux.h" || die "$arch: the header has no task_struct"

	mkdir -p "$top/vmlinux/$arch"
	mv "$root/vmlinux.h" "$top/vmlinux/$arch/vmlinux.h"
	sed -i "s#^| \`$arch\` .*#| \`$arch\` | \`${package%%=*}\` | \`$version\` | $(bpftool version | head -n 1) |#" \
		"$top/vmlinux/README.md"
}

for debian_arch in "${@:-amd64 arm64}"; do
	# Unquoted on purpose: the default is two words.
	for each in $debian_arch; do
		regenerate "$each"
	done
done
