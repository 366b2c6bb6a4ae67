// SPDX-License-Identifier: Apache-2.0
//
// oomtrace_metrics_page: prints docs/metrics.md.
#include <iostream>

#include "metrics/reference_page.h"

int main()
{
    std::cout << oomtrace::metrics::reference_page() << std::flush;
    return std::cout ? 0 : 1;
}
