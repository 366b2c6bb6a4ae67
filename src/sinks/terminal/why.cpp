// SPDX-License-Identifier: Apache-2.0
#include "sinks/terminal/why.h"

#include <string>
#include <utility>

#include "sinks/why_now_text.h"
#include "sinks/why_victim_text.h"

namespace oomtrace::terminal
{

namespace
{

constexpr std::size_t path_width = 48;

} // namespace

Lines why_lines(const Incident &incident, const Verdict &verdict, bool full, std::size_t width)
{
    Lines lines;
    const auto add = [&](std::string_view name, const std::string &text) {
        if (!text.empty())
            add_section(lines, name, text, width);
    };
    add("WHY NOW", why_now_text(incident, verdict.now, path_width));
    add(verdict.victim.victim ? "WHY THIS ONE" : "WHY NOBODY", why_victim_text(incident, verdict.victim, path_width));
    if (full) {
        for (const Counterfactual &one : verdict.counterfactuals)
            add(&one == &verdict.counterfactuals.front() ? "OTHERWISE" : "", counterfactual_text(one, verdict.victim));
    } else {
        add("OTHERWISE", otherwise_text(verdict));
    }
    add("OTHERWISE", no_counterfactuals_text(verdict.no_counterfactuals));
    for (const Disagreement &one : verdict.disagreements) {
        if (one.kind == DisagreementKind::choice_not_highest) // the others stand among the checks
            add_labelled(lines, "DISAGREES", disagreement_text(one, verdict.victim), width, Style::alert);
    }
    return lines;
}

} // namespace oomtrace::terminal
