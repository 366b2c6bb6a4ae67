// SPDX-License-Identifier: Apache-2.0
#include "agent/health.h"

#include <gmock/gmock.h>

namespace oomtrace
{
namespace
{

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(NotReady, IsEmptyWhenAllIsInPlace)
{
    StoreHealth store;
    EXPECT_EQ(not_ready(true, true, &store), "");
    EXPECT_EQ(not_ready(true, true, nullptr), "");
}

TEST(NotReady, NamesWhatIsNotInPlace)
{
    StoreHealth store;
    EXPECT_THAT(not_ready(false, true, &store), HasSubstr("the hooks are detached"));
    EXPECT_THAT(not_ready(true, false, &store), HasSubstr("is still taken in"));
    store.working = false;
    store.last_error = Error{"store incidents in /var/lib/x.db", "no space left on device", ""};
    EXPECT_EQ(not_ready(true, true, &store), "the store cannot be used: no space left on device");
    EXPECT_THAT(not_ready(false, false, &store),
                AllOf(HasSubstr("detached"), HasSubstr("; what the kernel"), HasSubstr("; the store")));
}

} // namespace
} // namespace oomtrace
