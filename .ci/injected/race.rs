//! An injected fault for ThreadSanitizer: two threads access one cell without synchronization.

use std::cell::UnsafeCell;

struct Cell(UnsafeCell<u64>);

// SAFETY: none. This is the injected fault.
unsafe impl Sync for Cell {}

static CELL: Cell = Cell(UnsafeCell::new(0));

fn add() {
    for _ in 0..1000 {
        // SAFETY: none. The other thread writes at the same time.
        unsafe { *CELL.0.get() += 1 };
    }
}

fn main() {
    let other = std::thread::spawn(add);
    add();
    other.join().unwrap();
}
