//! The macro that defines the table of one instruction set from the loop in `sweep.rs`.

/// Defines the table of one instruction set: `kernels()`, which returns `None` on a CPU without it.
///
/// `lanes`: its register type. `features`: those that the compiler may use. `detected`: whether the CPU has all of them.
/// `rows`, `rows_of_two`: how many rows (1, 2 or 4) are processed at once with one sum for each row, and with two: the
/// registers must hold `rows * sums * CHAINS` accumulators and what is loaded. `queries_of_tile`: how many queries (1, 2
/// or 4) are processed at once with four rows: the registers must hold `4 * queries` accumulators, the rows and a query.
macro_rules! kernels_of {
    (isa: $isa:expr, lanes: $lanes:ty, features: $features:literal, detected: $detected:expr,
     rows: $rows:literal, rows_of_two: $rows_of_two:literal, queries_of_tile: $queries_of_tile:literal) => {
        /// The kernels of this instruction set; `None` if this CPU does not have it.
        pub(super) fn kernels() -> Option<$crate::kernel::table::Kernels> {
            use $crate::kernel::rows::{Bytes, Halves};
            use $crate::kernel::table::StoredKernels;
            $detected.then_some($crate::kernel::table::Kernels {
                isa: $isa,
                squared_euclidean: |a, b| one::<SquaredDifference, &[f32], 1>(a, b)[0],
                dot: |a, b| one::<Product, &[f32], 1>(a, b)[0],
                dot_and_square: |a, b| one::<ProductAndSquare, &[f32], 2>(a, b).into(),
                squared_euclidean_4: |a, rows| {
                    four::<SquaredDifference, &[f32], 1, $rows>(a, rows).map(|[sum]| sum)
                },
                dot_4: |a, rows| four::<Product, &[f32], 1, $rows>(a, rows).map(|[sum]| sum),
                squared_euclidean_streams: |a, rows| {
                    four::<SquaredDifference, &[f32], 1, 4>(a, rows).map(|[sum]| sum)
                },
                dot_streams: |a, rows| four::<Product, &[f32], 1, 4>(a, rows).map(|[sum]| sum),
                dot_and_square_4: |a, rows| {
                    four::<ProductAndSquare, &[f32], 2, $rows_of_two>(a, rows).map(Into::into)
                },
                squared_euclidean_tile: |q, rows| tile::<SquaredDifference, $queries_of_tile>(q, rows),
                dot_tile: |q, rows| tile::<Product, $queries_of_tile>(q, rows),
                first_non_finite,
                halves: StoredKernels {
                    squared_euclidean: |a, row| one::<SquaredDifference, Halves<'_>, 1>(a, row)[0],
                    dot: |a, row| one::<Product, Halves<'_>, 1>(a, row)[0],
                    dot_and_square: |a, row| one::<ProductAndSquare, Halves<'_>, 2>(a, row).into(),
                    squared_euclidean_4: |a, rows| {
                        four::<SquaredDifference, Halves<'_>, 1, $rows>(a, rows).map(|[sum]| sum)
                    },
                    dot_4: |a, rows| four::<Product, Halves<'_>, 1, $rows>(a, rows).map(|[sum]| sum),
                    dot_and_square_4: |a, rows| {
                        four::<ProductAndSquare, Halves<'_>, 2, $rows_of_two>(a, rows).map(Into::into)
                    },
                },
                bytes: StoredKernels {
                    squared_euclidean: |a, row| one::<SquaredDifference, Bytes<'_>, 1>(a, row)[0],
                    dot: |a, row| one::<Product, Bytes<'_>, 1>(a, row)[0],
                    dot_and_square: |a, row| one::<ProductAndSquare, Bytes<'_>, 2>(a, row).into(),
                    squared_euclidean_4: |a, rows| {
                        four::<SquaredDifference, Bytes<'_>, 1, $rows>(a, rows).map(|[sum]| sum)
                    },
                    dot_4: |a, rows| four::<Product, Bytes<'_>, 1, $rows>(a, rows).map(|[sum]| sum),
                    dot_and_square_4: |a, rows| {
                        four::<ProductAndSquare, Bytes<'_>, 2, $rows_of_two>(a, rows).map(Into::into)
                    },
                },
            })
        }

        // The functions below are called only through the table, which `kernels` creates only after it has checked the
        // CPU.

        fn one<T: Term<SUMS>, R: Stored<$lanes>, const SUMS: usize>(a: &[f32], b: R) -> [f32; SUMS] {
            #[target_feature(enable = $features)]
            fn enabled<T: Term<SUMS>, R: Stored<$lanes>, const SUMS: usize>(a: &[f32], b: R) -> [f32; SUMS] {
                // SAFETY: this function enables the instruction set, so its callers have checked for it.
                let [sums] = unsafe { sweep::<$lanes, T, R, SUMS, 1>(a, [b]) };
                sums
            }
            // SAFETY: the CPU has the features: this is only called through a table that `kernels` created.
            unsafe { enabled::<T, R, SUMS>(a, b) }
        }

        fn four<T: Term<SUMS>, R: Stored<$lanes>, const SUMS: usize, const AT_ONCE: usize>(
            a: &[f32],
            rows: &[R; 4],
        ) -> [[f32; SUMS]; 4] {
            #[target_feature(enable = $features)]
            fn enabled<T: Term<SUMS>, R: Stored<$lanes>, const SUMS: usize, const AT_ONCE: usize>(
                a: &[f32],
                rows: &[R; 4],
            ) -> [[f32; SUMS]; 4] {
                let mut results = [[0.0; SUMS]; 4];
                for (results, rows) in
                    results.as_chunks_mut::<AT_ONCE>().0.iter_mut().zip(rows.as_chunks::<AT_ONCE>().0)
                {
                    // SAFETY: this function enables the instruction set, so its callers have checked for it.
                    *results = unsafe { sweep::<$lanes, T, R, SUMS, AT_ONCE>(a, *rows) };
                }
                results
            }
            // SAFETY: the CPU has the features: this is only called through a table that `kernels` created.
            unsafe { enabled::<T, R, SUMS, AT_ONCE>(a, rows) }
        }

        fn tile<T: Term<1>, const AT_ONCE: usize>(
            queries: &[&[f32]; 4],
            rows: &[&[f32]; 4],
        ) -> [[f32; 4]; 4] {
            // Not inlined: otherwise the compiler keeps the sums of all chains at once, on the stack, at half the speed.
            #[inline(never)]
            #[target_feature(enable = $features)]
            fn chain<T: Term<1>, const Q: usize>(
                q: &[&[f32]; Q],
                r: &[&[f32]; 4],
                number: usize,
            ) -> Chain<$lanes, Q, 4> {
                // SAFETY: this function enables the instruction set, so its callers have checked for it.
                unsafe { sweep_chain::<$lanes, T, Q, 4>(q, r, number) }
            }
            #[target_feature(enable = $features)]
            fn enabled<T: Term<1>, const Q: usize>(
                queries: &[&[f32]; 4],
                rows: &[&[f32]; 4],
            ) -> [[f32; 4]; 4] {
                let mut results = [[0.0; 4]; 4];
                for (results, q) in results.as_chunks_mut::<Q>().0.iter_mut().zip(queries.as_chunks::<Q>().0)
                {
                    let of = |number| chain::<T, Q>(q, rows, number);
                    // SAFETY: this function enables the instruction set, so its callers have checked for it.
                    *results = unsafe { fold_chains::<$lanes, Q, 4>(&[of(0), of(1), of(2), of(3)]) };
                }
                results
            }
            // SAFETY: the CPU has the features: this is only called through a table that `kernels` created.
            unsafe { enabled::<T, AT_ONCE>(queries, rows) }
        }

        fn first_non_finite(a: &[f32]) -> Option<usize> {
            #[target_feature(enable = $features)]
            fn enabled(a: &[f32]) -> bool {
                // SAFETY: this function enables the instruction set, so its callers have checked for it.
                unsafe { all_finite::<$lanes>(a) }
            }
            // SAFETY: the CPU has the features: this is only called through a table that `kernels` created.
            if unsafe { enabled(a) } { None } else { $crate::kernel::scalar::first_non_finite(a) }
        }
    };
}
pub(super) use kernels_of;
