// SPDX-License-Identifier: Apache-2.0
#include "badness/kernel_release.h"

#include <gmock/gmock.h>

namespace oomtrace
{
namespace
{

TEST(KernelRelease, IsReadFromWhatUnameSays)
{
    EXPECT_EQ(parse_kernel_release("6.12.48+deb13-cloud-amd64"), (KernelRelease{6, 12, 48}));
    EXPECT_EQ(parse_kernel_release("2.6.27-gentoo-r8"), (KernelRelease{2, 6, 27}));
    EXPECT_EQ(parse_kernel_release("7.3"), (KernelRelease{7, 3, 0}));
    EXPECT_EQ(parse_kernel_release("6.18-rc3"), (KernelRelease{6, 18, 0}));
    EXPECT_EQ(parse_kernel_release("6.18.x"), (KernelRelease{6, 18, 0}));
}

TEST(KernelRelease, IsAbsentWhereTheTextHasNone)
{
    for (const char *text : {"", "x", "6", "6.", "6.x", "-1.2", ".6.1", "99999999999.1"}) {
        EXPECT_EQ(parse_kernel_release(text), std::nullopt) << text;
    }
}

TEST(KernelRelease, IsOrderedByNumberAndNotByText)
{
    EXPECT_LT((KernelRelease{5, 9}), (KernelRelease{5, 10}));
    EXPECT_LT((KernelRelease{2, 6, 35}), (KernelRelease{2, 6, 36}));
    EXPECT_GE((KernelRelease{7, 0}), (KernelRelease{6, 19, 9}));
}

} // namespace
} // namespace oomtrace
