//! The loop of all instruction sets: several sums over one vector and several rows, in independent chains.
//!
//! A chain is an accumulator of one vector register. Component `i` always belongs to chain `(i / LANES) % CHAINS` (the
//! components of a partial register at the end: to the last chain) and there to lane `i % LANES`, however many rows are
//! processed at once. So the calls for one row and for four agree bit for bit.

use super::lanes::{Lanes, Stored};

/// Accumulators for each sum of each row. A fused multiply-add has a latency of 4 cycles on current CPUs, and one row
/// issues one each cycle, so with fewer than 4 the loop would wait for its own sums.
pub(super) const CHAINS: usize = 4;

/// The terms of `SUMS` sums over pairs of components.
pub(super) trait Term<const SUMS: usize> {
    /// Adds the terms of the pairs in `a` and `b`; pairs of zeros add nothing.
    ///
    /// # Safety
    /// The CPU has the instruction set of `V`.
    unsafe fn add<V: Lanes>(sums: &mut [V; SUMS], a: V, b: V);
}

/// `(a - b)^2`. The same bits for `(b, a)`, because only the sign of the difference changes.
pub(super) struct SquaredDifference;
/// `a * b`.
pub(super) struct Product;
/// `a * b` and `b * b`.
pub(super) struct ProductAndSquare;

impl Term<1> for SquaredDifference {
    #[inline(always)]
    unsafe fn add<V: Lanes>(sums: &mut [V; 1], a: V, b: V) {
        // SAFETY: the caller has the instruction set of V.
        unsafe {
            let difference = a.subtract(b);
            sums[0] = difference.multiply_add(difference, sums[0]);
        }
    }
}

impl Term<1> for Product {
    #[inline(always)]
    unsafe fn add<V: Lanes>(sums: &mut [V; 1], a: V, b: V) {
        // SAFETY: the caller has the instruction set of V.
        unsafe { sums[0] = a.multiply_add(b, sums[0]) }
    }
}

impl Term<2> for ProductAndSquare {
    #[inline(always)]
    unsafe fn add<V: Lanes>(sums: &mut [V; 2], a: V, b: V) {
        // SAFETY: the caller has the instruction set of V.
        unsafe {
            sums[0] = a.multiply_add(b, sums[0]);
            sums[1] = b.multiply_add(b, sums[1]);
        }
    }
}

/// Adds the terms of `LANES` components of `a` and of each row, from index `at` on.
///
/// # Safety
/// The CPU has the instruction set of `V`; `a` and all `rows` have `LANES` components from index `at` on.
#[inline(always)]
unsafe fn add_whole<V: Lanes, T: Term<SUMS>, R: Stored<V>, const SUMS: usize, const ROWS: usize>(
    sums: &mut [[V; SUMS]; ROWS],
    a: *const f32,
    rows: [R::From; ROWS],
    at: usize,
) {
    // SAFETY: these are the caller's obligations.
    unsafe {
        let left = V::load(a.add(at));
        for (sum, row) in sums.iter_mut().zip(rows) {
            T::add(sum, left, R::load(row, at));
        }
    }
}

/// The sums of `T` over `a` and each of `ROWS` rows. Longer vectors are cut to the shortest.
///
/// # Safety
/// The CPU has the instruction set of `V`.
#[inline(always)]
pub(super) unsafe fn sweep<V: Lanes, T: Term<SUMS>, R: Stored<V>, const SUMS: usize, const ROWS: usize>(
    a: &[f32],
    rows: [R; ROWS],
) -> [[f32; SUMS]; ROWS] {
    let length = rows.iter().fold(a.len(), |length, row| length.min(row.length()));
    let from_a = a.as_ptr();
    // SAFETY: the caller has the instruction set of V.
    let from_rows = rows.map(|row| unsafe { row.from() });
    // SAFETY: the caller has the instruction set of V. All loads are within the first `length` components of slices
    // that have at least that many: a round loads components at..at + CHAINS * LANES, which end at or before `length`;
    // after the rounds a whole register is loaded only if that many components are left, and a partial one loads the
    // rest, which is more than 0 and less than LANES. A slice is aligned for f32.
    unsafe {
        let mut sums = [[[V::zero(); SUMS]; ROWS]; CHAINS];
        let mut at = 0;
        while length - at >= CHAINS * V::LANES {
            for chain in &mut sums {
                add_whole::<V, T, R, SUMS, ROWS>(chain, from_a, from_rows, at);
                at += V::LANES;
            }
        }
        // Each chain by name: indexing at run time would keep the chains in memory, and the rounds would store to it.
        let [first, second, third, last] = &mut sums;
        for chain in [first, second, third] {
            if length - at >= V::LANES {
                add_whole::<V, T, R, SUMS, ROWS>(chain, from_a, from_rows, at);
                at += V::LANES;
            }
        }
        let count = length - at;
        if count > 0 {
            let left = V::load_first(from_a.add(at), count);
            for (sum, row) in last.iter_mut().zip(from_rows) {
                T::add(sum, left, R::load_first(row, at, count));
            }
        }
        let mut folded = [[0.0; SUMS]; ROWS];
        for (row, folded) in folded.iter_mut().enumerate() {
            for (sum, folded) in folded.iter_mut().enumerate() {
                let [first, second, third, fourth] = sums.map(|chain| chain[row][sum]);
                *folded = first.add(second).add(third.add(fourth)).fold();
            }
        }
        folded
    }
}

/// One chain of the sums of each of `QUERIES` vectors and each of `ROWS` rows.
pub(super) type Chain<V, const QUERIES: usize, const ROWS: usize> = [[[V; 1]; ROWS]; QUERIES];

/// Chain `number` of the sums of `T`, with the same bits as in [`sweep`], in less time for each pair: a loaded register
/// serves several pairs. The pairs are independent, so each needs only one register.
///
/// # Safety
/// The CPU has the instruction set of `V`.
#[inline(always)]
pub(super) unsafe fn sweep_chain<V: Lanes, T: Term<1>, const QUERIES: usize, const ROWS: usize>(
    queries: &[&[f32]; QUERIES],
    rows: &[&[f32]; ROWS],
    number: usize,
) -> Chain<V, QUERIES, ROWS> {
    let length = queries.iter().chain(rows).fold(usize::MAX, |length, vector| length.min(vector.len()));
    let from_queries = queries.map(<[f32]>::as_ptr);
    let from_rows = rows.map(<[f32]>::as_ptr);
    // SAFETY: the caller has the instruction set of V. All loads are within `length` components, which every slice has:
    // whole registers end before it, a partial one loads the last `count`, 0 < count < LANES. Slices are aligned for f32.
    unsafe {
        let (mut sums, mut at) = ([[[V::zero()]; ROWS]; QUERIES], number * V::LANES);
        while at + V::LANES <= length {
            let right = from_rows.map(|row| V::load(row.add(at)));
            for (sums, query) in sums.iter_mut().zip(from_queries) {
                let left = V::load(query.add(at));
                sums.iter_mut().zip(right).for_each(|(sum, right)| T::add(sum, left, right));
            }
            at += CHAINS * V::LANES;
        }
        let count = length % V::LANES;
        if count > 0 && number == CHAINS - 1 {
            let right = from_rows.map(|row| V::load_first(row.add(length - count), count));
            for (sums, query) in sums.iter_mut().zip(from_queries) {
                let left = V::load_first(query.add(length - count), count);
                sums.iter_mut().zip(right).for_each(|(sum, right)| T::add(sum, left, right));
            }
        }
        sums
    }
}

/// Adds up the chains of the sums as [`sweep`] does.
///
/// # Safety
/// The CPU has the instruction set of `V`.
#[inline(always)]
pub(super) unsafe fn fold_chains<V: Lanes, const QUERIES: usize, const ROWS: usize>(
    chains: &[Chain<V, QUERIES, ROWS>; CHAINS],
) -> [[f32; ROWS]; QUERIES] {
    let ([first, second, third, fourth], mut folded) = (chains, [[0.0; ROWS]; QUERIES]);
    for (place, folded) in folded.as_flattened_mut().iter_mut().enumerate() {
        let of = |chain: &Chain<V, QUERIES, ROWS>| chain[place / ROWS][place % ROWS][0];
        // SAFETY: the caller has the instruction set of V.
        *folded = unsafe { of(first).add(of(second)).add(of(third).add(of(fourth))).fold() };
    }
    folded
}

/// Whether no component of `a` is NaN or infinite.
///
/// A finite component times 0 is 0; any other gives NaN, which stays in the sum.
///
/// # Safety
/// The CPU has the instruction set of `V`.
#[inline(always)]
pub(super) unsafe fn all_finite<V: Lanes>(a: &[f32]) -> bool {
    /// `0 * b`.
    struct Nothing;
    impl Term<1> for Nothing {
        #[inline(always)]
        unsafe fn add<V: Lanes>(sums: &mut [V; 1], _: V, b: V) {
            // SAFETY: the caller has the instruction set of V.
            unsafe { sums[0] = b.multiply_add(V::zero(), sums[0]) }
        }
    }
    // SAFETY: the caller has the instruction set of V.
    let [[sum]] = unsafe { sweep::<V, Nothing, _, 1, 1>(a, [a]) };
    sum == 0.0
}
