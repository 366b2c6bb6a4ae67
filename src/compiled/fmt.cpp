// SPDX-License-Identifier: Apache-2.0
//
// fmt, compiled once. The distribution's libfmt is a shared library that brings all of libstdc++ with it, and every page of
// this program is locked in memory; as headers alone fmt is compiled again in each source. These are the instances that its
// headers leave to a library.
#include <fmt/format-inl.h>

FMT_BEGIN_NAMESPACE
namespace detail
{
template locale_ref::locale_ref(const std::locale &);
template auto locale_ref::get<std::locale>() const -> std::locale;
template auto dragonbox::to_decimal(float) noexcept -> dragonbox::decimal_fp<float>;
template auto dragonbox::to_decimal(double) noexcept -> dragonbox::decimal_fp<double>;
template auto thousands_sep_impl(locale_ref) -> thousands_sep_result<char>;
template auto decimal_point_impl(locale_ref) -> char;
template void buffer<char>::append(const char *, const char *);
template void vformat_to(buffer<char> &, string_view, basic_format_args<FMT_BUFFER_CONTEXT(char)>, locale_ref);
} // namespace detail
FMT_END_NAMESPACE
