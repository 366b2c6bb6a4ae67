#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# regenerate_btf_fixtures.sh [KERNEL]...     (all of tests/vm/kernels.txt without an argument)
#
# Cuts the BTF of each kernel down to what tests/unit/compat asks for and puts it into tests/data/btf, named for the kernel's
# version. Needed when bpf/kernel_compat.bpf.h asks a kernel something new, and for a new kernel in the list. The kernels come from
# scripts/fetch_kernel.sh; compat_decisions.bpf.o is built here.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
fixtures=$top/tests/data/btf
list=$top/tests/vm/kernels.txt
source=$top/tests/unit/compat/compat_decisions.bpf.c
PATH=$PATH:/usr/sbin:/sbin

die() {
	echo "regenerate_btf_fixtures: $*" >&2
	exit 1
}

for tool in bpftool clang llvm-strip /usr/bin/python3; do
	command -v "$tool" >/dev/null || die "$tool is missing: run scripts/install_dependencies.sh"
done
[[ $# -gt 0 ]] || mapfile -t names < <(awk '$1 !~ /^#/ && NF { print $1 }' "$list")
[[ $# -eq 0 ]] || names=("$@")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# What is asked for is the same on every architecture: members and enumerators by name.
clang -target bpf -mcpu=v2 -D__TARGET_ARCH_x86 -O2 -g -std=gnu11 -isystem "$top/vmlinux/x86_64" -I"$top/include" -I"$top/bpf" \
	-c "$source" -o "$work/compat_decisions.bpf.o"
llvm-strip -g "$work/compat_decisions.bpf.o"

for name in "${names[@]}"; do
	kernel=$("$top/scripts/fetch_kernel.sh" "$name")
	package=$(awk '$1 ~ /^linux-image/ { print; exit }' "$kernel/package")
	[[ $package =~ ^linux-image-[^\ ]*\ ([0-9]+\.[0-9]+)\. ]] || die "what version is $package?"
	fixture=${BASH_REMATCH[1]}-${kernel##*-}
	/usr/bin/python3 "$top/scripts/support/extract_btf.py" "$kernel/vmlinuz" "$work/vmlinux.btf"
	bpftool gen min_core_btf "$work/vmlinux.btf" "$fixtures/$fixture.btf" "$work/compat_decisions.bpf.o"
	grep -v "^| \`$fixture.btf\`" "$fixtures/README.md" >"$work/README.md"
	echo "| \`$fixture.btf\` | \`${package% *}\` | \`${package#* }\` | $(bpftool version | head -n 1) |" >>"$work/README.md"
	# The rows come last, in the order of the versions.
	{
		grep -v "^| \`[0-9]" "$work/README.md"
		grep "^| \`[0-9]" "$work/README.md" | sort -V
	} >"$fixtures/README.md"
	echo "$fixture: $(stat --format %s "$fixtures/$fixture.btf") bytes from $package"
done
