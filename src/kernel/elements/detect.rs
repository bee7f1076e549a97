//! Selecting the kernels for this CPU.

use super::table::ElementKernels;
use crate::kernel::detect::selection_of;

selection_of!(ElementKernels);
