//! A fault for ThreadSanitizer to find: two threads, one cell, no order.

use std::cell::UnsafeCell;

struct Cell(UnsafeCell<u64>);

// SAFETY: it is not; that is the fault.
unsafe impl Sync for Cell {}

static CELL: Cell = Cell(UnsafeCell::new(0));

fn add() {
    for _ in 0..1000 {
        // SAFETY: none; the other thread does the same.
        unsafe { *CELL.0.get() += 1 };
    }
}

fn main() {
    let other = std::thread::spawn(add);
    add();
    other.join().unwrap();
}
