//! Selecting the kernels for this CPU.

use super::table::CodeKernels;
use crate::kernel::detect::selection_of;

selection_of!(CodeKernels);
