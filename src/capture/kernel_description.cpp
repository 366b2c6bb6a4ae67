// SPDX-License-Identifier: Apache-2.0
#include "capture/kernel_description.h"

#include <cerrno>

#include <bpf/btf.h>
#include <fmt/format.h>
#include <unistd.h>

#include "capture/bpf_log.h"

namespace oomtrace
{

void BtfDeleter::operator()(btf *types) const
{
    btf__free(types);
}

Result<KernelTypes> read_kernel_types()
{
    constexpr const char *path = "/sys/kernel/btf/vmlinux";
    const BpfLog quiet;
    KernelTypes types(btf__load_vmlinux_btf());
    const int libbpf_error = errno;
    if (!types) {
        // libbpf goes on to look for the kernel's image on disk, and its errno is of that.
        const int error = ::access(path, R_OK) == 0 ? libbpf_error : errno;
        return fail_errno(fmt::format("read the kernel's type information ({})", path), error,
                          "the kernel must be built with CONFIG_DEBUG_INFO_BTF=y; distributions' kernels from 2021 on are");
    }
    return types;
}

} // namespace oomtrace
