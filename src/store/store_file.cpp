// SPDX-License-Identifier: Apache-2.0
#include "store/store_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "host/unique_fd.h"
#include "sinks/time_text.h"
#include "store/store_schema.h"

namespace oomtrace
{

namespace
{

constexpr std::string_view corrupt_mark = ".corrupt-";

tl::unexpected<StoreError> failed_errno(std::string attempted, int error_number, std::string hint)
{
    return store_failed(failure_of_errno(error_number), std::move(attempted), std::generic_category().message(error_number),
                        std::move(hint));
}

// "20260301T031245Z"
std::string compact_time(std::int64_t realtime_ns)
{
    std::string text = rfc3339_utc(realtime_ns, TimeDigits::milliseconds);
    text.resize(text.find('.'));
    std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
    return text + "Z";
}

void delete_oldest_damaged(const std::filesystem::path &path)
{
    const std::string prefix = path.filename().string() + std::string(corrupt_mark);
    std::vector<std::filesystem::path> damaged;
    std::error_code error;
    for (auto entry = std::filesystem::directory_iterator(path.parent_path(), error);
         !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
        const std::string name = entry->path().filename().string();
        if (name.starts_with(prefix) && !name.ends_with("-wal") && !name.ends_with("-shm"))
            damaged.push_back(entry->path());
    }
    std::sort(damaged.begin(), damaged.end(), std::greater<>());
    for (std::size_t i = kept_damaged_stores; i < damaged.size(); ++i)
        for (const char *const part : {"", "-wal", "-shm"})
            std::filesystem::remove(damaged[i].string() + part, error);
}

} // namespace

StoreResult<void> create_store_file(const std::filesystem::path &path)
{
    const std::string attempted = fmt::format("create the store {}", path.string());
    struct stat status {
    };
    if (::stat(path.c_str(), &status) == 0) {
        if (!S_ISREG(status.st_mode))
            return store_failed(StoreFailure::foreign, attempted, "it is not a regular file", "name another file");
        return {};
    }
    if (path.has_parent_path() && ::mkdir(path.parent_path().c_str(), 0750) != 0 && errno != EEXIST && errno != ENOENT &&
        errno != ENOTDIR)
        return failed_errno(fmt::format("create the store's directory {}", path.parent_path().string()), errno,
                            "check the mode of the directory above it");
    // SQLite gives its other files the same mode.
    const UniqueFd file(::open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0640));
    if (!file && errno != EEXIST)
        return failed_errno(attempted, errno, "the agent needs a directory that it can write");
    return {};
}

bool is_store_file(const std::filesystem::path &path)
{
    // https://www.sqlite.org/fileformat.html, section 1.3
    constexpr std::string_view magic("SQLite format 3\0", 16);
    constexpr std::size_t application_id_offset = 68;
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status {
    };
    std::array<char, 100> header{};
    if (!file || ::fstat(file.get(), &status) != 0 || ::read(file.get(), header.data(), header.size()) < 0)
        return false;
    std::int64_t application_id = 0;
    for (std::size_t i = 0; i < 4; ++i)
        application_id = application_id * 256 + static_cast<unsigned char>(header.at(application_id_offset + i));
    if (application_id == store_application_id)
        return true;
    return std::memcmp(header.data(), magic.data(), magic.size()) != 0 && status.st_size > 0 &&
           status.st_size % store_page_size == 0;
}

std::string store_uri(const std::filesystem::path &path)
{
    std::string uri = "file:";
    for (const char c : path.string()) {
        if (c == '%' || c == '?' || c == '#')
            uri += fmt::format("%{:02x}", static_cast<unsigned char>(c));
        else
            uri += c;
    }
    return uri;
}

StoreResult<std::filesystem::path> move_damaged_store_aside(const std::filesystem::path &path, std::int64_t realtime_ns)
{
    const std::filesystem::path target = path.string() + std::string(corrupt_mark) + compact_time(realtime_ns);
    if (::rename(path.c_str(), target.c_str()) != 0)
        return failed_errno(fmt::format("move the damaged store {} aside", path.string()), errno, "move or delete it by hand");
    // What is in the WAL belongs to that file: beside a new one it must not be found. Its index is made again from it.
    for (const char *const part : {"-wal", "-shm"})
        if (::rename((path.string() + part).c_str(), (target.string() + part).c_str()) != 0 && errno != ENOENT)
            return failed_errno(fmt::format("move {}{} aside", path.string(), part), errno, "move or delete it by hand");
    delete_oldest_damaged(path);
    return target;
}

} // namespace oomtrace
