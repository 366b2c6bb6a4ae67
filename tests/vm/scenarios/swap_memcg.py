# SPDX-License-Identifier: Apache-2.0
"""A cgroup v2 runs into its limits of memory and of swap, and the victim is mostly swapped."""

import functools

from scenario import SWAP, Scenario, check_swapped

SCENARIO = Scenario(functools.partial(check_swapped, scope="memcg"), reports=1, min_compared=80, boot=SWAP)
