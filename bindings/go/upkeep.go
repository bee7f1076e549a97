package syna

/*
#include <stdlib.h>
#include "calls.h"
*/
import "C"

import (
	"os"
	"runtime"
	"runtime/cgo"
	"time"
	"unsafe"
)

// Stats is a store in numbers; the C header says more of each.
type Stats struct {
	Rows, LiveRows, DeletedRows                  uint64
	FileBytes, VectorBytes, LogBytes, SlackBytes uint64
	IndexBytes, ReplacedBytes, IndexedRows       uint64
	Generation, LastSeq, DurableSeq              uint64
	HasIndex                                     bool
	// DefaultEf is how many candidates a search takes that names no ef, IndexRecall what the index measured with so
	// many, or -1.
	DefaultEf   uint32
	IndexRecall float64
	// SinceCheckpoint is how many seconds ago this open store made its last checkpoint; -1: it made none.
	SinceCheckpoint float64
}

// Stats counts.
func (s *Store) Stats() (Stats, error) {
	defer runtime.KeepAlive(s)
	why := newErrorStruct()
	var raw C.syna_mmap_stats
	if err := check(C.go_get_stats(s.handle, &raw, why), why); err != nil {
		return Stats{}, err
	}
	return Stats{
		uint64(raw.rows), uint64(raw.live_rows), uint64(raw.deleted_rows),
		uint64(raw.file_bytes), uint64(raw.vector_bytes), uint64(raw.log_bytes), uint64(raw.slack_bytes),
		uint64(raw.index_bytes), uint64(raw.replaced_bytes), uint64(raw.indexed_rows),
		uint64(raw.generation), uint64(raw.last_seq), uint64(raw.durable_seq), raw.has_index != 0,
		uint32(raw.default_ef), float64(raw.index_recall), float64(raw.secs_since_checkpoint),
	}, nil
}

// InMemory makes a store without a file, for tests and caches.
func InMemory(chosen ...Option) (*Store, error) {
	o := optionsOf(chosen)
	defer o.free()
	if o.err != nil {
		return nil, o.err
	}
	why := newErrorStruct()
	var handle C.uintptr_t
	return opened(&handle, check(C.go_open_in_memory(&o.raw, &handle, why), why))
}

// OpenAt opens a store that lies inside a larger file, for reading; an index length of 0: there is none. The file may be
// closed at once.
func OpenAt(file *os.File, offset, length, indexOffset, indexLength uint64, chosen ...Option) (*Store, error) {
	defer runtime.KeepAlive(file)
	o := optionsOf(append(asInFile(), chosen...))
	defer o.free()
	if o.err != nil {
		return nil, o.err
	}
	why := newErrorStruct()
	var handle C.uintptr_t
	status := C.go_open_at(C.int32_t(file.Fd()), C.uint64_t(offset), C.uint64_t(length), C.uint64_t(indexOffset),
		C.uint64_t(indexLength), &o.raw, &handle, why)
	return opened(&handle, check(status, why))
}

// asInFile takes everything that is fixed when a file is made from the file.
func asInFile() []Option {
	return []Option{WithDimensions(0), WithMetric(FromFile), WithKeyKind(KeysFromFile), WithElement(ElementFromFile)}
}

// Refresh moves a store that was opened ReadOnly on to its file's newest state; whether that is another one.
func (s *Store) Refresh() (bool, error) {
	defer runtime.KeepAlive(s)
	why := newErrorStruct()
	var changed C.bool
	err := check(C.go_refresh(s.handle, &changed, why), why)
	return bool(changed), err
}

// IndexStep takes rows into the index for about so long, and returns how many are left.
func (s *Store) IndexStep(budget time.Duration) (uint64, error) {
	defer runtime.KeepAlive(s)
	why := newErrorStruct()
	var left C.uint64_t
	err := check(C.go_index_step(s.handle, micros(budget), &left, why), why)
	return uint64(left), err
}

// CompactStep does a part of Compact, for about so long; whether it is done.
func (s *Store) CompactStep(budget time.Duration) (bool, error) {
	defer runtime.KeepAlive(s)
	why := newErrorStruct()
	var done C.bool
	err := check(C.go_compact_step(s.handle, micros(budget), &done, why), why)
	return bool(done), err
}

// Interrupt ends the long calls that other goroutines have on the store, soon: they return ErrCancelled. Searches have
// deadlines, and go on.
func (s *Store) Interrupt() error {
	defer runtime.KeepAlive(s)
	why := newErrorStruct()
	return check(C.go_interrupt(s.handle, why), why)
}

// CompactCancel gives up a compaction that CompactStep has begun.
func (s *Store) CompactCancel() error {
	defer runtime.KeepAlive(s)
	why := newErrorStruct()
	return check(C.go_compact_cancel(s.handle, why), why)
}

// CheckRecall measures which share of the nearest the index finds, on so many stored vectors.
func (s *Store) CheckRecall(samples, k int, ef uint32, seed uint64) (float64, error) {
	defer runtime.KeepAlive(s)
	why := newErrorStruct()
	var recall C.double
	status := C.go_check_recall(s.handle, C.size_t(samples), C.size_t(k), C.uint32_t(ef), C.uint64_t(seed), &recall, why)
	return float64(recall), check(status, why)
}

// telling is a callback of progress, and what it has panicked with.
type telling struct {
	tell     func(done, total uint64) bool
	panicked any
}

// long makes a call that tells how far it is; tell may be nil, and returns false to stop, which is ErrCancelled.
func (s *Store) long(tell func(done, total uint64) bool, call func(C.uintptr_t, *C.syna_mmap_error) C.int32_t) error {
	defer runtime.KeepAlive(s)
	t := &telling{tell: tell}
	context := cgo.NewHandle(t)
	defer context.Delete()
	why := newErrorStruct()
	err := check(call(C.uintptr_t(context), why), why)
	if t.panicked != nil {
		panic(t.panicked)
	}
	return err
}

// BuildIndexWith is as BuildIndex; tell is told how many rows of how many are done, and returns false to stop, which is
// ErrCancelled. The same below.
func (s *Store) BuildIndexWith(tell func(done, total uint64) bool) error {
	return s.long(tell, func(context C.uintptr_t, why *C.syna_mmap_error) C.int32_t {
		return C.go_build_index_with(s.handle, context, why)
	})
}

// Compact gives back the disk space of deleted rows: a new file takes the old one's place. Rows get new numbers.
func (s *Store) Compact(tell func(done, total uint64) bool) error {
	return s.long(tell, func(context C.uintptr_t, why *C.syna_mmap_error) C.int32_t {
		return C.go_compact(s.handle, context, why)
	})
}

// SnapshotTo writes the live rows of this moment into a new file: a backup.
func (s *Store) SnapshotTo(path string, tell func(done, total uint64) bool) error {
	name, err := pathOf(path)
	if err != nil {
		return err
	}
	defer C.free(unsafe.Pointer(name))
	return s.long(tell, func(context C.uintptr_t, why *C.syna_mmap_error) C.int32_t {
		return C.go_snapshot_to(s.handle, name, context, why)
	})
}

func micros(budget time.Duration) C.uint64_t {
	if budget < 0 {
		return 0
	}
	return C.uint64_t(budget / time.Microsecond)
}
