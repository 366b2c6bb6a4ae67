# SPDX-License-Identifier: Apache-2.0
"""The check of the compat ledger, against ledgers of a few lines."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts" / "support"))

import check_compat_ledger  # noqa: E402

LEDGER = """/* oldest kernel: 5.8, the first that will do. */
#include "kernel_read.bpf.h"

/*
 * thing.member
 *   until 6.1  int
 *   since 6.2  long
 *   by         0123456789ab "thing: widen it"
 *   goes at    6.2
 */
struct thing___v6_2 {
	long member;
};

#define thing_is_long() bpf_core_field_exists(((struct thing___v6_2 *)0)->member)

/*
 * enum item
 *   goes at  never: an option of the configuration
 */
enum item___all {
	ITEM_ONE___all,
};
"""
PROGRAMS = {"bpf/a.bpf.c": "int a(void) { return thing_is_long(); } /* thing___v6_2 */ // bpf_core_type_exists\n"}
DECISIONS = "x = thing_is_long(); y = ITEM_ONE;"


def problems(ledger=LEDGER, programs=None, decisions=DECISIONS):
    return check_compat_ledger.check(ledger, programs or PROGRAMS, decisions)[0]


def past(ledger):
    return [entry.title for entry in check_compat_ledger.check(ledger, PROGRAMS, DECISIONS)[1]]


class CompatLedgerTest(unittest.TestCase):
    def test_a_whole_ledger_has_no_problem(self):
        self.assertEqual(problems(), [])
        self.assertEqual([entry.title for entry in check_compat_ledger.entries_of(LEDGER)], ["thing.member", "enum item"])

    def test_flavours_and_existence_checks_elsewhere_are_strays(self):
        code = "int a;\nstruct x___v1 y;\nbpf_core_enum_value_exists(enum x, y);\n#define KERNEL_READ ___arrow\nthing_is_long();\n"
        self.assertEqual(
            problems(programs={"bpf/b.bpf.c": code}),
            [
                "bpf/b.bpf.c:2: x___v1 belongs into bpf/kernel_compat.bpf.h",
                "bpf/b.bpf.c:3: bpf_core_enum_value_exists belongs into bpf/kernel_compat.bpf.h",
            ],
        )

    def test_an_entry_says_both_shapes_and_the_commit(self):
        for line in ("until 6.1  int", "since 6.2  long", 'by         0123456789ab "thing: widen it"'):
            self.assertTrue(problems(LEDGER.replace(f" *   {line}\n", "")), line)

    def test_a_commit_is_known_or_said_not_to_be(self):
        self.assertTrue(problems(LEDGER.replace('0123456789ab "', '"')))
        self.assertEqual(problems(LEDGER.replace('0123456789ab "thing: widen it"', "a commit not known here")), [])

    def test_flavours_are_named_for_the_versions_of_their_entry(self):
        self.assertEqual(
            problems(LEDGER.replace("thing___v6_2", "thing___v6_3")),
            ["bpf/kernel_compat.bpf.h:4: thing.member: a flavour is named for 6.3, which the comment does not name"],
        )

    def test_the_end_is_one_of_the_versions_or_never_with_a_reason(self):
        self.assertTrue(problems(LEDGER.replace("goes at    6.2", "goes at    6.4")))
        self.assertTrue(problems(LEDGER.replace("never: an option of the configuration", "never")))

    def test_code_before_the_first_entry_belongs_to_none(self):
        self.assertTrue(problems(LEDGER.replace('.h"\n', '.h"\nstruct early___v6_2 {};\n', 1)))

    def test_what_programs_use_and_every_item_is_tested(self):
        path = "tests/unit/compat/compat_decisions.bpf.c"
        self.assertEqual(problems(decisions="y = ITEM_ONE;"), [f"{path}: does not take thing_is_long"])
        self.assertEqual(problems(decisions="x = thing_is_long();"), [f"{path}: does not take ITEM_ONE"])

    def test_an_entry_is_past_its_time_when_no_kernel_is_older(self):
        self.assertEqual(past(LEDGER), [])
        self.assertEqual(past(LEDGER.replace("oldest kernel: 5.8", "oldest kernel: 6.2")), ["thing.member"])
        self.assertEqual(past(LEDGER.replace("oldest kernel: 5.8", "oldest kernel: 6.12")), ["thing.member"])


if __name__ == "__main__":
    unittest.main()
