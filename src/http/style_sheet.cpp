// SPDX-License-Identifier: Apache-2.0
#include "http/incident_pages.h"

namespace oomtrace::http
{

namespace
{

// Narrow screens: each row is a block, and each cell says what it is.
constexpr const char *style =
    R"(:root { color-scheme: light dark; --text: #1b1f24; --back: #ffffff; --faint: #59636e; --line: #d1d9e0;
  --box: #f4f6f8; --link: #0550ae; --alarm: #b3261e; --mild: #7a5200; }
@media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --back: #0d1117; --faint: #9aa5b1; --line: #30363d;
  --box: #161b22; --link: #79b8ff; --alarm: #ff8b80; --mild: #e3b341; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 0 1rem 2rem; max-width: 90rem; color: var(--text); background: var(--back);
  font: 1rem/1.5 system-ui, sans-serif; }
header { display: flex; justify-content: space-between; gap: 1rem; padding: .75rem 0; border-bottom: 1px solid var(--line); }
header a { font-weight: 600; text-decoration: none; }
footer { margin-top: 2rem; color: var(--faint); font-size: .875rem; }
a { color: var(--link); }
a:focus-visible, pre:focus-visible, summary:focus-visible, input:focus-visible, select:focus-visible, button:focus-visible {
  outline: 2px solid var(--link); outline-offset: 2px; }
h1 { font-size: 1.375rem; line-height: 1.3; overflow-wrap: anywhere; }
h2 { font-size: 1.125rem; }
small { color: var(--faint); font-size: .8125rem; white-space: nowrap; }
table { width: 100%; border-collapse: collapse; }
caption { text-align: left; color: var(--faint); font-size: .875rem; padding: .5rem 0; }
th, td { text-align: left; vertical-align: top; padding: .5rem .75rem .5rem 0; border-bottom: 1px solid var(--line);
  font-weight: 400; overflow-wrap: anywhere; }
td { min-width: 7.5rem; }
thead th { font-weight: 600; white-space: nowrap; }
time, code, pre { font-family: ui-monospace, monospace; font-size: .875rem; }
time { white-space: nowrap; }
b.killed { color: var(--alarm); }
b.other { color: var(--mild); }
pre { margin: 0; padding: .75rem; overflow-x: auto; background: var(--box); border: 1px solid var(--line); border-radius: 6px;
  line-height: 1.4; tab-size: 8; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; }
dt { color: var(--faint); }
dd { margin: 0; overflow-wrap: anywhere; }
details { margin: 1rem 0; }
summary { cursor: pointer; padding: .25rem 0; }
form { display: flex; flex-wrap: wrap; gap: .75rem; align-items: end; padding: .5rem 0; }
label { display: block; color: var(--faint); font-size: .875rem; }
input, select, button { display: block; min-height: 2.5rem; font: inherit; color: var(--text); background: var(--box);
  border: 1px solid var(--line); border-radius: 6px; padding: .25rem .5rem; }
.warning { border-left: 4px solid var(--alarm); padding: .5rem .75rem; background: var(--box); }
.empty { font-size: 1.125rem; }
nav { margin-top: 1rem; }
@media (max-width: 48rem) {
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table, caption, tbody, tr, td, th { display: block; }
  td { min-width: 0; }
  tr { padding: .5rem 0; border-bottom: 1px solid var(--line); }
  td, tbody th { border: 0; padding: .125rem 0; }
  td:empty { display: none; }
  td::before { content: attr(data-label) ": "; color: var(--faint); }
  pre { font-size: .75rem; }
}
)";

} // namespace

Response style_sheet()
{
    Response response;
    response.content_type = "text/css; charset=utf-8";
    response.body = style;
    return response;
}

} // namespace oomtrace::http
