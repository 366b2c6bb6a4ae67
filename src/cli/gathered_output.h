// SPDX-License-Identifier: Apache-2.0
//
// gathered_output.h: a stream's buffer for a log full of OOMs. A sink flushes after each report; into a pipe that is a system
// call or three for each, after which the reader of the pipe takes the processor away from the two threads that explain.
#pragma once

#include <array>
#include <cstddef>
#include <streambuf>

namespace oomtrace
{

class GatheredOutput : public std::streambuf
{
  public:
    // `to` must outlive it.
    explicit GatheredOutput(std::streambuf &to) : to_(to) { setp(piece_.data(), piece_.data() + piece_.size()); }

    // While it gathers, a flush of the stream hands nothing on.
    void gather(bool gathers) { gathers_ = gathers; }

  protected:
    int_type overflow(int_type byte) override;
    std::streamsize xsputn(const char *text, std::streamsize size) override;
    int sync() override;

  private:
    bool hand_on();

    std::streambuf &to_;
    std::array<char, 64UL << 10> piece_{}; // what a pipe holds
    bool gathers_ = false;
};

} // namespace oomtrace
