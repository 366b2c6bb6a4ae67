// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace oomtrace::test
{

// A directory tree of a test's own that stands for a host's "/"; gone with the test.
class FixtureTree
{
  public:
    FixtureTree()
    {
        std::string name = std::filesystem::temp_directory_path() / "oomtrace-test-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr)
            throw std::runtime_error("mkdtemp " + name);
        root_ = name;
    }
    FixtureTree(const FixtureTree &) = delete;
    FixtureTree &operator=(const FixtureTree &) = delete;
    ~FixtureTree()
    {
        std::error_code ignored;
        std::filesystem::remove_all(root_, ignored);
    }

    // `path` as on the host: "/proc/meminfo".
    void write(std::string_view path, std::string_view text) const
    {
        const auto file = at(path);
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
    }

    [[nodiscard]] std::string read(std::string_view path) const
    {
        std::ifstream file(at(path), std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }

    [[nodiscard]] std::filesystem::path at(std::string_view path) const
    {
        return root_ / std::filesystem::path(path).relative_path();
    }
    [[nodiscard]] const std::filesystem::path &root() const { return root_; }

  private:
    std::filesystem::path root_;
};

} // namespace oomtrace::test
