#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# install_dependencies.sh [build|test|arm64]...     (build and test without an argument)
#
# Installs the Debian 12 packages that building (and running) or testing oomtrace needs; with arm64 what the VM tests of arm64 need
# besides: a cross compiler and an emulator (the libraries come by scripts/fetch_sysroot.sh, apart from the system's own). Says
# nothing and needs no root when all are there.
set -euo pipefail

build_packages=(
	ca-certificates gzip
	g++ cmake ninja-build pkg-config python3
	clang llvm bpftool              # the BPF programs
	libbpf-dev libelf-dev zlib1g-dev
	libspdlog-dev libfmt-dev libcli11-dev nlohmann-json3-dev libexpected-dev libcap-ng-dev
	libarchive-dev liblzma-dev libbz2-dev          # compressed logs
	libsqlite3-dev libzstd-dev                     # the store
	libmicrohttpd-dev libgnutls28-dev libcrypt-dev # the agent's HTTP
	dpkg-dev file                                  # the Debian package, by cpack
	libgtest-dev libgmock-dev libbenchmark-dev libvalijson-dev
)
test_packages=(
	python3-jsonschema python3-prometheus-client
	prometheus openssl # promtool; certificates for the tests of HTTPS
	clang-format clang-tidy shellcheck
	libclang-dev # the plugin that keeps clang-tidy out of system headers
	libclang-rt-14-dev # the fuzzer and its sanitizers
	lld # links the sanitized tests in half the time
	python3-yaml zsh man-db # what deploy/ has for the fleet
	lintian debootstrap     # the Debian package
	e2fsprogs               # that Debian as an image
	qemu-system-x86 busybox-static cpio zstd lz4 xz-utils kmod # one kernel in a virtual machine
)
arm64_packages=(g++-aarch64-linux-gnu qemu-system-arm)

die() {
	printf 'install_dependencies: %s\n' "$1" >&2
	[[ -z ${2:-} ]] || printf '  %s\n' "$2" >&2
	exit 1
}

[[ $# -gt 0 ]] || set -- build test
wanted=()
for group in "$@"; do
	case $group in
	build) wanted+=("${build_packages[@]}") ;;
	test) wanted+=("${test_packages[@]}") ;;
	arm64) wanted+=("${arm64_packages[@]}") ;;
	*) die "unknown group '$group'" "usage: install_dependencies.sh [build|test|arm64]..." ;;
	esac
done

command -v dpkg-query >/dev/null ||
	die "this is not Debian or a derivative, and the package names here are Debian's" "install the counterparts of: ${wanted[*]}"

missing=()
for package in "${wanted[@]}"; do
	[[ $(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
done
[[ ${#missing[@]} -gt 0 ]] || exit 0

# In a subshell: os-release sets a dozen names.
distribution=$(. /etc/os-release && printf '%s %s' "${ID:-unknown}" "${VERSION_ID:-}")
[[ $distribution == 'debian 12' ]] ||
	die "this is '$distribution', not Debian 12, so that nothing is installed on its own" "install, then run this again: ${missing[*]}"
[[ $EUID -eq 0 ]] || die "packages are missing, and installing them needs root" "as root: apt-get install ${missing[*]}"

printf 'installing %s\n' "${missing[*]}" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
apt() {
	apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -q "$@" >"$log" 2>&1 && return
	cat "$log" >&2
	die "apt-get $1 failed" "see its output above"
}
apt update
apt install --yes --no-install-recommends "${missing[@]}"
