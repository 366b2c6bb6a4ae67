# SPDX-License-Identifier: Apache-2.0
"""The host has swap, and the victim is mostly there."""

import functools

from scenario import SWAP, Scenario, check_swapped

SCENARIO = Scenario(functools.partial(check_swapped, scope="global"), reports=1, min_compared=190, boot=SWAP)
