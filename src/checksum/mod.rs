//! CRC-32C (Castagnoli), the checksum of all parts of a file.
//!
//! The crate `crc32c` computes it: with three chains of the CRC instruction on x86-64 and aarch64, with tables
//! elsewhere. In the cache it processes 22 GB/s for 512 bytes and 26 for 3 KiB. On a CPU with 512-bit carry-less
//! multiplication, `avx512.rs` processes 512 bytes at 41 GB/s and 3 KiB at 79. New rows are checked for finite
//! components in the same pass, by `avx2.rs` on a CPU with 256-bit carry-less multiplication. (AMD Milan: the crate 8.7
//! GB/s for 512 bytes and 18.9 for 3 KiB without that check, `avx2.rs` 22.9 and 24.7 with it.) The choice is internal
//! to this module.

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "SIMD intrinsics and loads through pointers")]
mod avx2;
#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "SIMD intrinsics and loads through pointers")]
mod avx512;

/// The CRC-32C of `bytes`.
pub fn crc32c(bytes: &[u8]) -> u32 {
    crc32c_append(0, bytes)
}

/// The CRC-32C of the bytes with the checksum `crc`, followed by `bytes`. `crc` is 0 for no bytes.
pub fn crc32c_append(crc: u32, bytes: &[u8]) -> u32 {
    #[cfg(target_arch = "x86_64")]
    if bytes.len() >= avx512::BLOCK_BYTES && avx512::is_detected() {
        #[expect(unsafe_code, reason = "a function of an instruction set")]
        // SAFETY: the CPU has the instruction set, as was checked above.
        let (state, rest) = unsafe { avx512::append_blocks(!crc, bytes) };
        return crc32c::crc32c_append(!state, rest);
    }
    crc32c::crc32c_append(crc, bytes)
}

/// The CRC-32C of the bytes with the checksum `crc`, followed by `count` zeros: for a hole, which is not read.
pub fn crc32c_append_zeros(crc: u32, count: usize) -> u32 {
    let (mut crc, mut count) = (crc, count);
    let (mut zeros, mut length) = (crc32c(&[0]), 1);
    while count > 0 {
        if count & 1 == 1 {
            crc = crc32c::crc32c_combine(crc, zeros, length);
        }
        count >>= 1;
        if count > 0 {
            zeros = crc32c::crc32c_combine(zeros, zeros, length);
            length *= 2;
        }
    }
    crc
}

/// The CRC-32C of a vector's bytes; `None` if a component is NaN or infinite.
pub fn crc32c_if_finite(vector: &[f32]) -> Option<u32> {
    #[cfg(target_arch = "x86_64")]
    if vector.len() >= avx2::BLOCK && avx2::is_detected() {
        #[expect(unsafe_code, reason = "a function of an instruction set")]
        // SAFETY: the CPU has the instruction set, as was checked above.
        let (state, rest, is_finite) = unsafe { avx2::checksum_lanes(vector) };
        if rest.is_empty() {
            return is_finite.then_some(!state);
        }
        return (is_finite && are_finite(rest)).then(|| crc32c_append(!state, bytemuck::cast_slice(rest)));
    }
    are_finite(vector).then(|| crc32c(bytemuck::cast_slice(vector)))
}

/// Checks all components without an early exit, so that the loop is vectorised.
fn are_finite(vector: &[f32]) -> bool {
    vector.iter().fold(true, |are_finite, component| are_finite & component.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed bit by bit, from the definition: polynomial 0x1EDC6F41, reflected, initial value and final XOR all ones.
    fn bit_by_bit(crc: u32, bytes: &[u8]) -> u32 {
        let mut state = !crc;
        for &byte in bytes {
            state ^= u32::from(byte);
            for _ in 0..8 {
                state = if state & 1 == 1 { (state >> 1) ^ 0x82F6_3B78 } else { state >> 1 };
            }
        }
        !state
    }

    fn bytes(count: usize) -> Vec<u8> {
        (0_u32..).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).take(count).collect()
    }

    #[test]
    fn known_answers_are_computed() {
        assert_eq!(crc32c(b""), 0);
        assert_eq!(crc32c(b"123456789"), 0xE306_9283);
        // RFC 3720, appendix B.4.
        assert_eq!(crc32c(&[0; 32]), 0x8A91_36AA);
        assert_eq!(crc32c(&[0xFF; 32]), 0x62A8_AB43);
    }

    #[test]
    fn every_length_at_every_offset_agrees_with_the_definition() {
        let bytes = bytes(320);
        for offset in 0..=9 {
            for length in 0..=300 {
                let part = &bytes[offset..offset + length];
                assert_eq!(crc32c(part), bit_by_bit(0, part), "offset {offset}, length {length}");
            }
        }
    }

    #[test]
    fn long_blocks_agree_with_the_definition() {
        let bytes = bytes(70_001);
        for length in [512, 767, 768, 1023, 1024, 3072, 4096, 8192, 24_576, 24_600, 32_768, 70_000] {
            assert_eq!(crc32c(&bytes[1..=length]), bit_by_bit(0, &bytes[1..=length]), "length {length}");
        }
    }

    #[test]
    fn appended_zeros_give_the_checksum_of_the_zeros() {
        for count in [0, 1, 2, 3, 63, 64, 4095, 4096, 1_000_003] {
            let zeros = vec![0; count];
            for before in [0, 1, 0xE306_9283, u32::MAX] {
                assert_eq!(crc32c_append_zeros(before, count), crc32c_append(before, &zeros), "{count}");
            }
        }
    }

    #[test]
    fn appending_in_parts_is_the_checksum_of_the_whole() {
        let bytes = bytes(4000);
        let whole = bit_by_bit(0, &bytes);
        for cut in [0, 1, 7, 8, 63, 64, 1000, 3999, 4000] {
            let (first, second) = bytes.split_at(cut);
            assert_eq!(crc32c_append(crc32c(first), second), whole, "cut at {cut}");
        }
    }

    #[test]
    fn a_vector_has_the_checksum_of_its_bytes_unless_a_component_is_not_finite() {
        let components: Vec<f32> = (0_u16..).map(|i| f32::from(i) - 70.5).take(150).collect();
        for offset in 0..=3 {
            for length in 0..=130 {
                let mut vector = components[offset..offset + length].to_vec();
                let expected = bit_by_bit(0, bytemuck::cast_slice(&vector));
                assert_eq!(
                    crc32c_if_finite(&components[offset..offset + length]),
                    Some(expected),
                    "{length}"
                );
                for place in 0..length {
                    for bad in [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                        let good = std::mem::replace(&mut vector[place], bad);
                        assert_eq!(crc32c_if_finite(&vector), None, "{bad} at {place} of {length}");
                        vector[place] = good;
                    }
                }
            }
        }
        for value in [f32::MAX, f32::MIN, f32::MIN_POSITIVE, -0.0, f32::from_bits(1)] {
            let vector = [value; 64];
            assert_eq!(crc32c_if_finite(&vector), Some(bit_by_bit(0, bytemuck::cast_slice(&vector))));
        }
    }
}
