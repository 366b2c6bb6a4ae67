#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Cuts the BTF of a kernel out of its boot image (bzImage, EFI zboot, compressed or plain arm64 Image).

extract_btf.py VMLINUZ OUTPUT

The BTF section is found by its own header, so that an image without section headers (arm64) and an ELF go the same way.
"""
import lzma
import struct
import subprocess
import sys
import zlib

BTF_HEADER = struct.Struct("<HBBIIIII")  # magic, version, flags, hdr_len, type_off, type_len, str_off, str_len
BTF_MAGIC_AND_HEAD = struct.pack("<HBBI", 0xEB9F, 1, 0, BTF_HEADER.size)


def decompress_by(tool: str, data: bytes) -> bytes:
    run = subprocess.run([tool, "-dcq"], input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if not run.stdout:
        raise SystemExit(f"extract_btf: {tool}: {run.stderr.decode(errors='replace').strip()}")
    return run.stdout


def decompress(data: bytes) -> bytes:
    # The payload of a bzImage has the unpacked size appended, so trailing bytes have to be tolerated.
    if data[:2] == b"\x1f\x8b":
        return zlib.decompressobj(wbits=31).decompress(data)
    if data[:6] == b"\xfd7zXZ\x00":
        return lzma.LZMADecompressor(lzma.FORMAT_XZ).decompress(data)
    if data[:4] == b"\x28\xb5\x2f\xfd":
        return decompress_by("zstd", data)
    if data[:4] == b"\x02\x21\x4c\x18":
        return decompress_by("lz4", data)
    raise SystemExit(f"extract_btf: payload is packed in a way this script does not know (first bytes {data[:6].hex()})")


def kernel_of(image: bytes) -> bytes:
    if image[:2] == b"MZ" and image[4:8] == b"zimg":
        offset, size = struct.unpack_from("<II", image, 8)
        return decompress(image[offset : offset + size])
    if image[0x202:0x206] == b"HdrS":
        setup_sectors = image[0x1F1] or 4
        payload_offset, payload_length = struct.unpack_from("<II", image, 0x248)
        start = (setup_sectors + 1) * 512 + payload_offset
        return decompress(image[start : start + payload_length])
    if image[0x38:0x3C] == b"ARMd" or image[:4] == b"\x7fELF":
        return image
    return decompress(image)


def btf_of(kernel: bytes) -> bytes:
    position = kernel.find(BTF_MAGIC_AND_HEAD)
    while position >= 0:
        _, _, _, header_len, type_off, type_len, str_off, str_len = BTF_HEADER.unpack_from(kernel, position)
        end = position + header_len + str_off + str_len
        strings = position + header_len + str_off
        # vmlinux is the largest BTF by far; the bound rejects a stray copy of the magic in code.
        if type_off == 0 and str_off == type_len and type_len > 1 << 20 and end <= len(kernel) and kernel[strings] == 0:
            return kernel[position:end]
        position = kernel.find(BTF_MAGIC_AND_HEAD, position + 1)
    raise SystemExit("extract_btf: no BTF in this kernel (CONFIG_DEBUG_INFO_BTF off?)")


def main() -> None:
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    with open(sys.argv[1], "rb") as source:
        image = source.read()
    btf = btf_of(kernel_of(image))
    with open(sys.argv[2], "wb") as target:
        target.write(btf)


if __name__ == "__main__":
    main()
