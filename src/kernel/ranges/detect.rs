//! Selecting the kernels for this CPU.

use super::table::RangeKernels;
use crate::kernel::detect::selection_of;

selection_of!(RangeKernels);
