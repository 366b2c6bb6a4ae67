// SPDX-License-Identifier: Apache-2.0
#include "store/compression.h"

#include <memory>

#include <zstd.h>

namespace oomtrace
{

namespace
{

constexpr int level = 3;
constexpr int window_log = 17; // 128 KiB: it bounds what the compressor needs, and costs little for texts of this kind
constexpr unsigned long long largest_text = 256ULL << 20U;

struct FreeContext {
    void operator()(ZSTD_CCtx *context) const { ZSTD_freeCCtx(context); }
};

} // namespace

Result<std::string> compress(std::string_view text)
{
    const std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
    if (!context)
        return fail("compress a text", "out of memory");
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_windowLog, window_log);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
    std::string frame(ZSTD_compressBound(text.size()), '\0');
    const std::size_t size = ZSTD_compress2(context.get(), frame.data(), frame.size(), text.data(), text.size());
    if (ZSTD_isError(size) != 0)
        return fail("compress a text", ZSTD_getErrorName(size));
    frame.resize(size);
    frame.shrink_to_fit(); // it may wait in a queue
    return frame;
}

Result<std::string> decompress(std::string_view frame)
{
    const unsigned long long size = ZSTD_getFrameContentSize(frame.data(), frame.size());
    if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > largest_text)
        return fail("decompress a text", "its first bytes are damaged");
    std::string text(static_cast<std::size_t>(size), '\0');
    const std::size_t got = ZSTD_decompress(text.data(), text.size(), frame.data(), frame.size());
    if (ZSTD_isError(got) != 0)
        return fail("decompress a text", ZSTD_getErrorName(got));
    text.resize(got);
    return text;
}

} // namespace oomtrace
