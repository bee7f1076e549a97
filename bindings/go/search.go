package syna

/*
#include "calls.h"
*/
import "C"

import (
	"context"
	"fmt"
	"runtime"
	"time"
	"unsafe"
)

// Results are what a search found, and the memory that searches work in: make one for each goroutine and use it again
// and again, then a search allocates nothing. They belong to no store and outlive any.
type Results struct {
	handle     C.uintptr_t
	found      C.go_found
	why        C.syna_mmap_error
	how        searchOptions
	dimensions int
}

// NewResults makes results to search into. Close them; those that are forgotten are freed some time after.
func NewResults() (*Results, error) {
	why := newErrorStruct()
	r := &Results{}
	if err := check(C.go_results_new(&r.handle, why), why); err != nil {
		return nil, err
	}
	r.why.struct_size = C.sizeof_syna_mmap_error
	runtime.SetFinalizer(r, (*Results).Close)
	return r, nil
}

// Close frees the results, and ends what Vector and Payload gave out. Closing twice is fine.
func (r *Results) Close() {
	runtime.SetFinalizer(r, nil)
	r.found = C.go_found{}
	C.go_results_free(r.handle)
}

// Search finds the k nearest vectors, or all where there are fewer.
//
// The context's deadline ends the search with the best so far, which is no error: IsPartial tells. The library cannot be
// interrupted otherwise, so a context that is cancelled counts before the search begins only.
func (s *Store) Search(ctx context.Context, query []float32, k int, into *Results, how ...SearchOption) error {
	defer runtime.KeepAlive(s)
	into.found = C.go_found{}
	if err := ctx.Err(); err != nil {
		return err
	}
	if k < 0 {
		return &Error{Status: ErrInvalidArgument, Message: fmt.Sprintf("k is %d; ask for 0 or more", k)}
	}
	if err := wrongLength(len(query), 1, s.dimensions); err != nil {
		return err
	}
	o := &into.how
	*o = searchOptions{}
	for _, option := range how {
		option(o)
	}
	if deadline, ok := ctx.Deadline(); ok {
		o.endAfter(time.Until(deadline))
	}
	into.dimensions = s.dimensions
	status := C.go_search(s.handle, floats(query), C.size_t(k), C.uint32_t(o.ef), C.uint32_t(o.exact),
		C.uint64_t(o.deadlineUs), into.handle, &into.found, &into.why)
	if status != C.SYNA_MMAP_OK {
		return errorOf(status, &into.why)
	}
	return nil
}

// Len is how many hits there are.
func (r *Results) Len() int {
	return int(r.found.count)
}

// IsPartial tells whether the search came to its deadline.
func (r *Results) IsPartial() bool {
	return bool(r.found.is_partial)
}

// hit panics as a slice does where there is no hit i.
func (r *Results) hit(i int) *C.syna_mmap_hit {
	return &unsafe.Slice((*C.syna_mmap_hit)(r.found.hits), r.Len())[i]
}

// Key is a copy of the key of hit i; hits are sorted by ascending distance.
func (r *Results) Key(i int) string {
	hit := r.hit(i)
	return C.GoStringN(hit.key, C.int(hit.key_len))
}

// Distance is that of hit i to the query.
func (r *Results) Distance(i int) float32 {
	return float32(r.hit(i).distance)
}

// Row is the row's number: rows count up from 0 as they are inserted.
func (r *Results) Row(i int) uint64 {
	return uint64(r.hit(i).row)
}

// Vector is the stored vector of hit i: read-only memory of the mapped file, good until the next search into r or the
// end of r. Copy it to keep it longer.
func (r *Results) Vector(i int) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(r.hit(i).vector)), r.dimensions)
}

// Tags is the number that was written with hit i.
func (r *Results) Tags(i int) uint64 {
	defer runtime.KeepAlive(r)
	r.hit(i)
	return uint64(C.go_results_tags(r.handle, C.size_t(i)))
}

// Payload is what was written with hit i, nil where nothing was; good as long as Vector is.
func (r *Results) Payload(i int) []byte {
	defer runtime.KeepAlive(r)
	r.hit(i)
	var length C.size_t
	data := C.go_results_payload(r.handle, C.size_t(i), &length)
	if data == nil {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(data)), int(length))
}
