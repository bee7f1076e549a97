//! Relative codes of several bits a component, as portable loops. A code of `p` bits is `p` planes of one bit, so that a
//! scan of 1-bit codes scans them too: the query then has component `i` once for each plane `j`, times `2^j`.

use super::facts::Residual;
use super::portable::{CHAINS, ROUNDER, fold};

/// The most components of a vector that has such codes.
pub(crate) const MOST_COMPONENTS: usize = 128;
/// The most planes.
pub(crate) const MOST_PLANES: usize = 8;

/// Fractions of the largest magnitude that the code's range may end at. A shorter range has smaller steps, and cuts the
/// largest components.
const RANGES: [f32; 5] = [1.0, 0.88, 0.76, 0.64, 0.52];

type Components = [f32; MOST_COMPONENTS];

/// The level `(u + 2^planes - 1) / 2` of the odd integer `u` of a component, in the last bits of the float: it is added to
/// [`ROUNDER`].
#[inline(always)]
fn raised_level(r: f32, inverse_step: f32, half: f32) -> f32 {
    (r * inverse_step + (half - 0.5)).clamp(0.0, 2.0 * half - 1.0) + ROUNDER
}

/// The sums of `r u`, `u u` and `c u`.
#[inline(always)]
fn sums(r: &Components, c: &Components, inverse_step: f32, half: f32) -> [[f32; CHAINS]; 3] {
    let [mut magnitudes, mut lengths, mut node_dots] = [[0.0; CHAINS]; 3];
    for (r, c) in r.as_chunks::<CHAINS>().0.iter().zip(c.as_chunks::<CHAINS>().0) {
        for i in 0..CHAINS {
            let level = raised_level(r[i], inverse_step, half) - ROUNDER;
            let u = 2.0 * level - (2.0 * half - 1.0);
            magnitudes[i] += r[i] * u;
            lengths[i] += u * u;
            node_dots[i] += c[i] * u;
        }
    }
    [magnitudes, lengths, node_dots]
}

/// Bit `plane` of eight levels as a byte, the first one in the lowest bit.
#[inline(always)]
fn plane_byte(levels: &[u8; 8], plane: usize) -> u8 {
    let ones = u64::from_le_bytes(*levels) >> plane & 0x0101_0101_0101_0101;
    // The bit of byte `k`, at 8 k, times 2^(56 - 7 k) is at 56 + k. No other product of two ones is there.
    (ones.wrapping_mul(0x0102_0408_1020_4080) >> 56).to_le_bytes()[0]
}

/// Writes the planes of the relative code of `neighbour` to `node`, one after the other, the lowest bits first.
#[inline(always)]
pub(super) fn relative(
    node: &[u8],
    node_scale: f32,
    neighbour: &[u8],
    neighbour_scale: f32,
    planes: usize,
    bits: &mut [u8],
) -> Residual {
    let (mut r, mut c) = ([0.0; MOST_COMPONENTS], [0.0; MOST_COMPONENTS]);
    let mut squares = [0.0; CHAINS];
    let decoded = |byte: u8, scale: f32| scale * (f32::from(byte) - 128.0);
    for ((r, c), (node, neighbour)) in r.iter_mut().zip(&mut c).zip(node.iter().zip(neighbour)) {
        *c = decoded(*node, node_scale);
        *r = decoded(*neighbour, neighbour_scale) - *c;
    }
    for r in r.as_chunks::<CHAINS>().0 {
        for i in 0..CHAINS {
            squares[i] += r[i] * r[i];
        }
    }
    let largest = f32::from_bits(r.iter().fold(0, |most, r| most.max(r.to_bits() & 0x7fff_ffff)));
    let planes = planes.clamp(1, MOST_PLANES);
    let half = f32::from(1_u8 << (planes - 1));
    // The components after the planes' have r = 0 and u = 1.
    let plane_bytes = bits.len() / planes;
    let padding = f32::from(u8::try_from(MOST_COMPONENTS.saturating_sub(8 * plane_bytes)).unwrap_or(0));
    let mut best = (0.0, 0.0);
    for range in RANGES {
        let inverse_step = half / (largest * range);
        let [magnitudes, lengths, _] = sums(&r, &c, inverse_step, half);
        let (magnitude, length) = (fold(magnitudes), fold(lengths) - padding);
        let quality = magnitude / length * magnitude;
        if quality > best.0 && inverse_step.is_finite() {
            best = (quality, inverse_step);
        }
    }
    let (_, inverse_step) = best;
    let [magnitudes, _, node_dots] = sums(&r, &c, inverse_step, half);
    let mut levels = [0; MOST_COMPONENTS];
    for (level, r) in levels.iter_mut().zip(&r) {
        *level = raised_level(*r, inverse_step, half).to_bits().to_le_bytes()[0];
    }
    bits.fill(0);
    for (plane, bits) in bits.chunks_exact_mut(plane_bytes.max(1)).enumerate().take(planes) {
        for (levels, byte) in levels.as_chunks::<8>().0.iter().zip(bits) {
            *byte = plane_byte(levels, plane);
        }
    }
    Residual { square: fold(squares), magnitude: fold(magnitudes), node_dot: fold(node_dots) }
}
