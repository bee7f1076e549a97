use super::table::{RangeKernels, TOGETHER};

/// Values at and beside the ends of ranges, and pseudo-random ones.
fn values(seed: u64, special: &[u64]) -> [u64; TOGETHER] {
    let mut state = seed | 1;
    std::array::from_fn(|place| {
        state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
        let any = state ^ state >> 29;
        if place % 3 == 0 { any } else { special[usize::try_from(any >> 7).unwrap() % special.len()] }
    })
}

#[test]
fn integers_are_compared_with_ranges_of_both_signs() {
    let ends: [u64; 8] = [0, 1, 7, u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) - 1, 0xFFFF_FFFF];
    let special: Vec<u64> =
        ends.iter().flat_map(|&end| [end.wrapping_sub(1), end, end.wrapping_add(1)]).collect();
    for kernels in RangeKernels::available() {
        for (seed, low) in (0..).zip(ends) {
            for high in ends {
                let values = values(seed, &special);
                let unsigned = kernels.integers(&values, low, high.wrapping_sub(low));
                let signed = |bits: u64| bits.cast_signed();
                for (place, &value) in values.iter().enumerate() {
                    let found = unsigned >> place & 1 == 1;
                    if low <= high {
                        assert_eq!(found, (low..=high).contains(&value), "{kernels:?} {low} {high} {value}");
                    }
                    if signed(low) <= signed(high) {
                        let expected = (signed(low)..=signed(high)).contains(&signed(value));
                        assert_eq!(found, expected, "{kernels:?} {low} {high} {value}");
                    }
                }
            }
        }
    }
}

#[test]
fn floats_are_compared_with_ranges() {
    let ends = [0.0, -0.0, 1.0, -1.5, f64::MAX, f64::MIN_POSITIVE, 5e-324, f64::INFINITY, f64::NEG_INFINITY];
    let special: Vec<u64> = ends
        .iter()
        .flat_map(|end| [end.next_down(), *end, end.next_up(), f64::NAN])
        .map(f64::to_bits)
        .collect();
    for kernels in RangeKernels::available() {
        for (seed, low) in (0..).zip(ends) {
            for high in ends {
                let values = values(seed, &special);
                let found = kernels.floats(&values, low, high);
                for (place, &value) in values.iter().enumerate() {
                    let value = f64::from_bits(value);
                    let expected = value >= low && value <= high;
                    assert_eq!(found >> place & 1 == 1, expected, "{kernels:?} {low} {high} {value}");
                }
            }
        }
    }
}
