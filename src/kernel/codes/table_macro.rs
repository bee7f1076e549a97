//! The macro that defines the table of one instruction set from its file's functions and the portable loops.

/// Defines `kernels()`, which returns `None` on a CPU without the instruction set.
///
/// `features`: the features that the compiler may use in the functions. `detected`: whether the CPU has all of them.
/// The file must have the functions `transform_small`, `fill_table`, `dot_query`, `dot_codes`, `dot_codes_4`,
/// `relative` and `scan`, which enable the same features.
macro_rules! code_kernels_of {
    (isa: $isa:expr, features: $features:literal, detected: $detected:expr) => {
        /// The kernels of this instruction set; `None` if this CPU does not have it.
        pub(super) fn kernels() -> Option<$crate::kernel::codes::table::CodeKernels> {
            use $crate::kernel::codes::facts::{BlockFacts, CodeFacts, QueryFacts, Residual};
            use $crate::kernel::codes::table::CodeKernels;
            use $crate::kernel::codes::{planes, portable};
            use $crate::kernel::line::Line;

            #[target_feature(enable = $features)]
            fn rotate(values: &mut [f32], factors: &[f32]) {
                portable::rotate(values, factors, |values| transform_small(values));
            }
            #[target_feature(enable = $features)]
            fn encode(rotated: &[f32], code: &mut [u8]) -> CodeFacts {
                portable::encode(rotated, code)
            }
            #[target_feature(enable = $features)]
            fn prepare(rotated: &[f32], bytes: &mut [i8], table: &mut [u8]) -> QueryFacts {
                portable::prepare(rotated, bytes, table, |components, table| fill_table(components, table))
            }
            #[target_feature(enable = $features)]
            fn relative_planes(
                node: (&[u8], f32),
                neighbour: (&[u8], f32),
                count: usize,
                bits: &mut [u8],
            ) -> Residual {
                planes::relative(node.0, node.1, neighbour.0, neighbour.1, count, bits)
            }
            #[target_feature(enable = $features)]
            fn estimate(
                block: &[u8],
                table: &[u8],
                facts: &BlockFacts,
                scale: f32,
                base: f32,
                coming: &[Line],
                out: &mut [f32; 32],
            ) {
                let mut sums = [0; 32];
                scan(block, table, coming, &mut sums);
                portable::finish_estimate(&sums, facts, scale, base, out);
            }

            #[target_feature(enable = $features)]
            fn nearer_than(distances: &[f32; 32], bound: f32) -> u32 {
                portable::nearer_than(distances, bound)
            }

            // SAFETY, for every call in the table: the CPU has the features, because the table is only created if
            // `detected` is true.
            $detected.then_some(CodeKernels {
                isa: $isa,
                // SAFETY: as above.
                rotate: |values, factors| unsafe { rotate(values, factors) },
                // SAFETY: as above.
                encode: |rotated, code| unsafe { encode(rotated, code) },
                // SAFETY: as above.
                prepare: |rotated, bytes, table| unsafe { prepare(rotated, bytes, table) },
                // SAFETY: as above.
                dot_query: |query, query_sum, code| unsafe { dot_query(query, query_sum, code) },
                // SAFETY: as above.
                dot_codes: |a, b| unsafe { dot_codes(a, b) },
                // SAFETY: as above.
                dot_codes_4: |one, others| unsafe { dot_codes_4(one, others) },
                // SAFETY: as above.
                relative: |node, node_scale, neighbour, neighbour_scale, bits| unsafe {
                    relative(node, node_scale, neighbour, neighbour_scale, bits)
                },
                // SAFETY: as above.
                relative_planes: |node, node_scale, neighbour, neighbour_scale, count, bits| unsafe {
                    relative_planes((node, node_scale), (neighbour, neighbour_scale), count, bits)
                },
                // SAFETY: as above.
                scan: |block, table, sums| unsafe { scan(block, table, &[], sums) },
                // SAFETY: as above.
                estimate: |block, table, facts, scale, base, coming, out| unsafe {
                    estimate(block, table, facts, scale, base, coming, out)
                },
                // SAFETY: as above.
                nearer_than: |distances, bound| unsafe { nearer_than(distances, bound) },
            })
        }
    };
}
pub(super) use code_kernels_of;
