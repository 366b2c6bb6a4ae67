#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# build.sh [PRESET [TARGET]...]     configures and builds build/PRESET (release, debug or sanitize; release without an argument)
# build.sh arm64                    the same for arm64: oomtrace and oom_workload, cross-compiled
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$top"
preset=${1:-release}
[[ $# -eq 0 ]] || shift
targets=()
[[ $# -eq 0 ]] || targets=(--target "$@")

# bpftool lives in a directory that is not on every user's path.
PATH=$PATH:/usr/sbin:/sbin
settings=()
if [[ $preset == arm64 ]]; then
	"$top/scripts/install_dependencies.sh" arm64
	sysroot=$("$top/scripts/fetch_sysroot.sh")
	settings=("-DOOMTRACE_SYSROOT=$sysroot")
fi
cmake --preset "$preset" "${settings[@]}" >/dev/null
cmake --build --preset "$preset" --parallel "$(nproc)" "${targets[@]}"
