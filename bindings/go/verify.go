package syna

/*
#include <stdlib.h>
#include "calls.h"

bool syna_go_verify(uintptr_t context, syna_mmap_finding *finding, uint64_t done, uint64_t total);

static inline bool go_relay(void *context, const syna_mmap_finding *finding, uint64_t done, uint64_t total) {
  return syna_go_verify((uintptr_t)context, (syna_mmap_finding *)finding, done, total);
}

static inline syna_mmap_status go_verify(uintptr_t store, uintptr_t context, uint64_t *findings,
                                         syna_mmap_error *error) {
  return syna_mmap_verify(store_of(store), go_relay, (void *)context, findings, error);
}
*/
import "C"

import (
	"runtime"
	"runtime/cgo"
	"unsafe"
)

// Problem is what is wrong with a row, or with the store. A number that is not here comes from a later library: damage.
type Problem uint32

const (
	DamagedVector Problem = C.SYNA_MMAP_PROBLEM_DAMAGED_VECTOR
	Hidden        Problem = C.SYNA_MMAP_PROBLEM_HIDDEN
	Unreachable   Problem = C.SYNA_MMAP_PROBLEM_UNREACHABLE
	DamagedLinks  Problem = C.SYNA_MMAP_PROBLEM_DAMAGED_LINKS
	Orphan        Problem = C.SYNA_MMAP_PROBLEM_ORPHAN
	IgnoredIndex  Problem = C.SYNA_MMAP_PROBLEM_IGNORED_INDEX
)

// Finding is a problem that Verify found. For IgnoredIndex, a problem of the store, Key is empty and Row is
// math.MaxUint64.
type Finding struct {
	Key     string
	Row     uint64
	Problem Problem
	// Message is the problem as a sentence; for IgnoredIndex with the reason.
	Message string
}

// Progress is what Verify tells while it runs.
type Progress struct {
	// Finding is nil in a report of progress.
	Finding     *Finding
	Done, Total uint64
}

type verification struct {
	tell     func(Progress) bool
	panicked any
}

// Verify proves that the store is whole, and returns how many findings there are. tell, which may be nil, is called with
// each finding and with progress, and returns false to stop, which is ErrCancelled.
func (s *Store) Verify(tell func(Progress) bool) (uint64, error) {
	defer runtime.KeepAlive(s)
	v := &verification{tell: tell}
	context := cgo.NewHandle(v)
	defer context.Delete()
	why := newErrorStruct()
	var findings C.uint64_t
	err := check(C.go_verify(s.handle, C.uintptr_t(context), &findings, why), why)
	if v.panicked != nil {
		panic(v.panicked)
	}
	return uint64(findings), err
}

// Salvage writes whatever is whole in the damaged file into a new one. It returns how many vectors that are, and how
// many are known to be lost.
func Salvage(from, to string) (rows, lost uint64, err error) {
	source, err := pathOf(from)
	if err != nil {
		return 0, 0, err
	}
	defer C.free(unsafe.Pointer(source))
	target, err := pathOf(to)
	if err != nil {
		return 0, 0, err
	}
	defer C.free(unsafe.Pointer(target))
	why := newErrorStruct()
	var saved, missed C.uint64_t
	err = check(C.syna_mmap_salvage(source, target, &saved, &missed, why), why)
	return uint64(saved), uint64(missed), err
}

// Version is the library's.
func Version() string {
	return C.GoString(C.syna_mmap_version())
}
